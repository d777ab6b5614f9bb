// Watches a camera with its data channel. Returns the RTP timestamp of each picture that the video shows; that of the picture
// which was read a moment later, and the levels of the cells of the number in its lowest rows; and the time of the frame of
// each message, by its RTP timestamp.
async ([frames, cells, timeout_s]) => {
  const peer = new RTCPeerConnection();
  const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true, playsInline: true });
  const messages = {};
  document.documentElement.append(video);
  peer.createDataChannel("predictions", { ordered: false, maxRetransmits: 0 }).onmessage = ({ data }) => {
    const { rtp_timestamp, pts_s } = JSON.parse(data);
    messages[rtp_timestamp] = pts_s;
  };
  peer.addTransceiver("video", { direction: "recvonly" });
  peer.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
  await peer.setLocalDescription();
  const offer = { method: "POST", headers: { "Content-Type": "application/sdp" }, body: peer.localDescription.sdp };
  const answer = await fetch("/whep/found?annotations=false", offer);
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  const canvas = Object.assign(document.createElement("canvas"), { width: cells, height: 1 });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const shown = [];
  await new Promise((done, fail) => {
    setTimeout(() => fail(new Error(`only ${shown.length} pictures in ${timeout_s} s`)), timeout_s * 1000);
    video.requestVideoFrameCallback(function look(now, { rtpTimestamp }) {
      // Where the browser is late, the video shows a later picture by now than this call is about.
      let frame = null;
      try {
        frame = new VideoFrame(video);
      } catch {
        return video.requestVideoFrameCallback(look); // none is there yet, or the next one is just coming
      }
      const cell = video.videoWidth / cells;
      const row = video.videoHeight - 2;
      for (let at = 0; at < cells; at++) context.drawImage(frame, (at + 0.4) * cell, row, 0.2 * cell, 1, at, 0, 1, 1);
      const levels = [...context.getImageData(0, 0, cells, 1).data].filter((_, place) => place % 4 === 1);
      // The first pictures come before the channel is open.
      if (shown.length || rtpTimestamp in messages) shown.push([rtpTimestamp, frame.metadata().rtpTimestamp, levels]);
      frame.close();
      if (shown.length === frames) done();
      else video.requestVideoFrameCallback(look);
    });
  });
  await new Promise((done) => setTimeout(done, 200)); // a message may come after its picture
  peer.close();
  return [shown, messages];
}
