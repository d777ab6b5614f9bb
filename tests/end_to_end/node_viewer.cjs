// A WHEP viewer with libwebrtc and no browser: node node_viewer.cjs URL. Prints a JSON line for every tenth decoded frame,
// with the bottom rows of its luma; leaves when its stdin ends.
const { RTCPeerConnection, nonstandard } = require("@roamhq/wrtc");

const gathered = (peer) => new Promise((resolve) => {
  const look = () => { if (peer.iceGatheringState === "complete") resolve(); };
  peer.onicegatheringstatechange = look;
  look();
});

const main = async (address) => {
  const peer = new RTCPeerConnection({ iceServers: [] });
  let frames = 0;
  let sink;
  peer.ontrack = ({ track }) => {
    sink = new nonstandard.RTCVideoSink(track);
    sink.onframe = async ({ frame }) => {
      frames += 1;
      if (frames % 10) return;
      const luma = frame.width * frame.height;
      const rows = Buffer.from(frame.data.slice(luma - 8 * frame.width, luma)).toString("base64");
      const said = { frames, width_px: frame.width, height_px: frame.height, rows };
      const reports = await peer.getStats();
      const inbound = [...reports.values()].find((report) => report.type === "inbound-rtp");
      console.log(JSON.stringify({ ...said, codec: reports.get(inbound.codecId).mimeType }));
    };
  };
  peer.addTransceiver("video", { direction: "recvonly" });
  await peer.setLocalDescription(await peer.createOffer());
  await gathered(peer);
  const body = peer.localDescription.sdp;
  const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/sdp" }, body });
  if (answer.status !== 201) throw new Error(`${address} answered ${answer.status}: ${await answer.text()}`);
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  process.stdin.resume();
  process.stdin.on("end", async () => {
    await fetch(new URL(answer.headers.get("location"), address), { method: "DELETE" });
    if (sink) sink.stop();
    peer.close();
    process.exit(0);
  });
};

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
