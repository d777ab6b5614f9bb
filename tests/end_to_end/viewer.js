// A WHEP viewer in few lines, put into a page by the tests: watch(), statistics(), decoded(), camera(), picture(), leave().
(() => {
  const viewers = [];

  const preferred = (name) => {
    const codecs = RTCRtpReceiver.getCapabilities("video").codecs;
    return codecs.filter((codec) => codec.mimeType.toLowerCase() === `video/${name}`);
  };

  // Without NACK the browser asks for key frames only, never for lost packets.
  const withoutNack = (sdp) => sdp.replace(/^a=rtcp-fb:\S+ nack\r\n/gm, "");

  window.watch = async (address, codec, nack) => {
    const peer = new RTCPeerConnection();
    const transceiver = peer.addTransceiver("video", { direction: "recvonly" });
    if (codec) transceiver.setCodecPreferences(preferred(codec));
    const video = document.createElement("video");
    Object.assign(video, { muted: true, autoplay: true, playsInline: true });
    document.documentElement.append(video);
    const viewer = { peer, video, location: null };
    peer.ontrack = ({ track }) => { video.srcObject = new MediaStream([track]); };
    const offer = await peer.createOffer();
    await peer.setLocalDescription(nack ? offer : { type: "offer", sdp: withoutNack(offer.sdp) });
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
    const pair = reports.find((report) => report.type === "candidate-pair" && report.nominated) ?? {};
    const remote = reports.find((report) => report.id === pair.remoteCandidateId) ?? {};
    return {
      at_s: (inbound.timestamp ?? 0) / 1000,
      frames_decoded: inbound.framesDecoded ?? 0,
      frames_dropped: inbound.framesDropped ?? 0,
      nacks: inbound.nackCount ?? 0,
      codec: (codec.mimeType ?? "").replace("video/", ""),
      width_px: video.videoWidth,
      height_px: video.videoHeight,
      connection: peer.connectionState,
      path: remote.candidateType ?? "",
    };
  };

  // Waits in the page: a page's wait_for_function takes the promise of an answer for the answer.
  window.until = async (wanted, timeout_s, what) => {
    const end = performance.now() + timeout_s * 1000;
    for (;;) {
      const got = await wanted();
      if (got) return got;
      if (performance.now() > end) throw new Error(`waited ${timeout_s} s in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  window.decoded = (number, frames, timeout_s) => until(async () => {
    const now = await statistics(number);
    return now.frames_decoded >= frames && now;
  }, timeout_s, `${frames} decoded frames`);

  window.sized = (number, width_px, height_px, timeout_s) => until(async () => {
    const now = await statistics(number);
    return now.width_px === width_px && now.height_px === height_px && now;
  }, timeout_s, `pictures of ${width_px} x ${height_px}`);

  window.camera = (name, state, timeout_s) => until(async () => {
    const now = await (await fetch(`/api/cameras/${name}`)).json();
    return now.state === state && now;
  }, timeout_s, `camera ${name} to be ${state}`);

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
