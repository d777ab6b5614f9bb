// A WHEP viewer in few lines, put into a page by the tests: watch(), statistics(), picture(), leave().
(() => {
  const viewers = [];

  const preferred = (name) => {
    const codecs = RTCRtpReceiver.getCapabilities("video").codecs;
    return codecs.filter((codec) => codec.mimeType.toLowerCase() === `video/${name}`);
  };

  window.watch = async (address, codec) => {
    const peer = new RTCPeerConnection();
    const transceiver = peer.addTransceiver("video", { direction: "recvonly" });
    if (codec) transceiver.setCodecPreferences(preferred(codec));
    const video = document.createElement("video");
    Object.assign(video, { muted: true, autoplay: true, playsInline: true });
    document.documentElement.append(video);
    const viewer = { peer, video, location: null };
    peer.ontrack = ({ track }) => { video.srcObject = new MediaStream([track]); };
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: peer.localDescription.sdp,
    });
    if (answer.status !== 201) throw new Error(`${address} answered ${answer.status}: ${await answer.text()}`);
    viewer.location = answer.headers.get("Location");
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    return viewers.push(viewer) - 1;
  };

  window.statistics = async (number) => {
    const { peer, video } = viewers[number];
    const reports = [...(await peer.getStats()).values()];
    const inbound = reports.find((report) => report.type === "inbound-rtp") ?? {};
    const codec = reports.find((report) => report.id === inbound.codecId) ?? {};
    return {
      at_s: (inbound.timestamp ?? 0) / 1000,
      frames_decoded: inbound.framesDecoded ?? 0,
      frames_dropped: inbound.framesDropped ?? 0,
      codec: (codec.mimeType ?? "").replace("video/", ""),
      width_px: video.videoWidth,
      height_px: video.videoHeight,
      connection: peer.connectionState,
    };
  };

  window.picture = (number) => {
    const { video } = viewers[number];
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  };

  window.leave = async (number) => {
    const { peer, location } = viewers[number];
    peer.close();
    if (location) await fetch(location, { method: "DELETE" });
  };
})();
