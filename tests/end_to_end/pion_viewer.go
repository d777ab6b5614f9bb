// A WHEP viewer on pion, in the order in which MediaMTX's client works: OPTIONS, POST without candidates, PATCH, DELETE.
//
// With "go2rtc", as that one's client: POST with all candidates and an audio line, and nothing else.
//
// Usage: pion_viewer URL CODEC [go2rtc]; BEARER may have a token. Prints a JSON line for each frame it receives, encoded as it
// came; leaves when its stdin ends.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v3"
	"github.com/pion/webrtc/v3/pkg/media/samplebuilder"
)

var feedback = []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}

var known = map[string]webrtc.RTPCodecParameters{
	"h264": {PayloadType: 102, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeH264, ClockRate: 90000, RTCPFeedback: feedback,
		SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"}},
	"vp8": {PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{
		MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback}},
}

var opus = webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{
	MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func request(method, address, kind, etag, body string, status int) *http.Response {
	asked, err := http.NewRequest(method, address, strings.NewReader(body))
	must(err)
	if body != "" {
		asked.Header.Set("Content-Type", kind)
	}
	if token := os.Getenv("BEARER"); token != "" {
		asked.Header.Set("Authorization", "Bearer "+token)
	}
	if etag != "" {
		asked.Header.Set("If-Match", etag)
	}
	answer, err := http.DefaultClient.Do(asked)
	must(err)
	if answer.StatusCode != status {
		text, _ := io.ReadAll(answer.Body)
		must(fmt.Errorf("%s %s answered %d: %s", method, address, answer.StatusCode, text))
	}
	return answer
}

func depacketizer(codec string) rtp.Depacketizer {
	if codec == "h264" {
		return &codecs.H264Packet{}
	}
	return &codecs.VP8Packet{}
}

func print(track *webrtc.TrackRemote, codec string) {
	frames := samplebuilder.New(256, depacketizer(codec), 90000)
	out := json.NewEncoder(os.Stdout)
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		frames.Push(packet)
		for sample := frames.Pop(); sample != nil; sample = frames.Pop() {
			must(out.Encode(map[string]any{"codec": track.Codec().MimeType, "frame": sample.Data}))
		}
	}
}

func main() {
	address, codec := os.Args[1], os.Args[2]
	asGo2rtc := len(os.Args) > 3 && os.Args[3] == "go2rtc"
	engine := &webrtc.MediaEngine{}
	must(engine.RegisterCodec(known[codec], webrtc.RTPCodecTypeVideo))
	must(engine.RegisterCodec(opus, webrtc.RTPCodecTypeAudio))
	interceptors := &interceptor.Registry{}
	must(webrtc.RegisterDefaultInterceptors(engine, interceptors))
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(engine), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(settings))
	peer, err := api.NewPeerConnection(webrtc.Configuration{})
	must(err)
	_, err = peer.AddTransceiverFromKind(
		webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	must(err)
	if asGo2rtc {
		_, err = peer.AddTransceiverFromKind(
			webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
		must(err)
	}
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { print(track, codec) })
	candidates := make(chan *webrtc.ICECandidate, 100)
	peer.OnICECandidate(func(candidate *webrtc.ICECandidate) { candidates <- candidate })

	if !asGo2rtc {
		request("OPTIONS", address, "", "", "", http.StatusNoContent)
	}
	offer, err := peer.CreateOffer(nil)
	must(err)
	gathered := webrtc.GatheringCompletePromise(peer)
	must(peer.SetLocalDescription(offer))
	if asGo2rtc {
		<-gathered
		offer = *peer.LocalDescription()
	}
	answer := request("POST", address, "application/sdp", "", offer.SDP, http.StatusCreated)
	text, err := io.ReadAll(answer.Body)
	must(err)
	must(peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: string(text)}))
	if asGo2rtc {
		_, err = io.ReadAll(os.Stdin)
		must(err)
		must(peer.Close())
		return
	}
	base, err := url.Parse(address)
	must(err)
	location, err := base.Parse(answer.Header.Get("Location"))
	must(err)

	var credentials string
	for _, line := range strings.Split(offer.SDP, "\r\n") {
		if strings.HasPrefix(line, "a=ice-ufrag") || strings.HasPrefix(line, "a=ice-pwd") {
			credentials += line + "\r\n"
		}
	}
	for candidate := <-candidates; candidate != nil; candidate = <-candidates {
		fragment := credentials + "m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=" + candidate.ToJSON().Candidate + "\r\n"
		request("PATCH", location.String(), "application/trickle-ice-sdpfrag", answer.Header.Get("ETag"), fragment,
			http.StatusNoContent)
	}
	_, err = io.ReadAll(os.Stdin)
	must(err)
	request("DELETE", location.String(), "", "", "", http.StatusOK)
	must(peer.Close())
}
