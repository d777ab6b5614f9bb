#!/bin/sh
# Install what the tests need from the system and is missing: browsers, Node.js, curl, wget, an RTSP server, nginx, a TURN
# server, network namespaces, FFmpeg, GStreamer and pion as viewers, what checks systemd units, and what makes bare Debian roots.
# Without root, or without apt: say what to install. With CI set that is an error, else the tests concerned are skipped.
set -eu

missing=""
need() { missing="$missing $*"; }

command -v chromium >/dev/null || need chromium fonts-dejavu-core
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || need firefox-esr
# Playwright brings a Node.js of its own, which needs it.
/sbin/ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || need libatomic1
command -v node >/dev/null || need nodejs
command -v npm >/dev/null || need npm
command -v curl >/dev/null || need curl
command -v wget >/dev/null || need wget
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || need nginx
command -v ip >/dev/null || need iproute2
command -v ffmpeg >/dev/null || need ffmpeg
command -v turnserver >/dev/null || need coturn
command -v systemd-analyze >/dev/null || need systemd
command -v debootstrap >/dev/null || need debootstrap
# For promtool, which checks what Prometheus gets.
command -v promtool >/dev/null || need prometheus
command -v go >/dev/null || need golang-go
[ -d /usr/share/gocode/src/github.com/pion/webrtc ] || need golang-github-pion-webrtc.v3-dev
# The system's Python, as Debian's bindings are for that one only.
/usr/bin/python3 - 2>/dev/null <<'PYTHON' ||
import gi

gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstRtspServer, GstSdp, GstWebRTC

Gst.init(None)
wanted = "videotestsrc videoconvert timeoverlay x264enc rtph264pay rtspsrc rtph264depay webrtcbin nicesrc vp8dec avdec_h264"
raise SystemExit(not all(Gst.ElementFactory.find(name) for name in wanted.split()))
PYTHON
    need python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
        gstreamer1.0-plugins-ugly gstreamer1.0-x gir1.2-gst-plugins-bad-1.0 gstreamer1.0-plugins-bad gstreamer1.0-nice \
        gstreamer1.0-libav

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing for the tests:$missing" >&2
    apt-get update -qq
    # The tests start nginx themselves: installing it must not start it on port 80.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    # shellcheck disable=SC2086 # a list
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Some tests need more of this system. As root: apt-get install --no-install-recommends$missing" >&2
    [ -z "${CI:-}" ] || exit 1
fi
