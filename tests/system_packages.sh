#!/bin/sh
# Install what the tests need from the system and is missing: a browser, Node.js, curl, an RTSP server, nginx, network namespaces.
# Without root, or without apt: say what to install. With CI set that is an error, else the tests concerned are skipped.
set -eu

missing=""
need() { missing="$missing $*"; }

command -v chromium >/dev/null || need chromium fonts-dejavu-core
# Playwright brings a Node.js of its own, which needs it.
/sbin/ldconfig -p 2>/dev/null | grep -q libatomic.so.1 || need libatomic1
command -v node >/dev/null || need nodejs
command -v npm >/dev/null || need npm
command -v curl >/dev/null || need curl
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || need nginx
command -v ip >/dev/null || need iproute2
# The system's Python, as Debian's bindings are for that one only.
/usr/bin/python3 - 2>/dev/null <<'PYTHON' ||
import gi

gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer

Gst.init(None)
wanted = "videotestsrc videoconvert timeoverlay x264enc rtph264pay"
raise SystemExit(not all(Gst.ElementFactory.find(name) for name in wanted.split()))
PYTHON
    need python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good \
        gstreamer1.0-plugins-ugly gstreamer1.0-x

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
