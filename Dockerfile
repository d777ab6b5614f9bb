# camweave with all its extras, on Debian's own Python: docs/deployment.md#docker says how to run it.

FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends python3-venv
COPY requirements /src/requirements
# run.txt in place of run-extras.txt: smaller, without ONNX and the protocols of Viam and Clarifai
ARG LOCK=run-extras.txt
RUN sh /src/requirements/venv.sh python3 /opt/camweave "/src/requirements/$LOCK"
COPY . /src
# Nothing is installed into the image later, so what installs stays behind.
RUN /opt/camweave/bin/python -m pip install --no-deps --no-build-isolation --no-cache-dir /src \
    && /opt/camweave/bin/python -m pip uninstall --yes setuptools pip

FROM debian:trixie-slim
# More packages, such as "fontconfig fonts-noto-cjk" for labels in Chinese, Japanese and Korean
ARG PACKAGES=""
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 $PACKAGES \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --user-group --no-create-home --home-dir /state --shell /usr/sbin/nologin camweave \
    && install --directory --owner camweave --group camweave /config /models /state
COPY --from=build /opt/camweave /opt/camweave
ENV PATH=/opt/camweave/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/state \
    XDG_STATE_HOME=/state \
    HEALTH_URL=http://127.0.0.1:8080/healthz
# /state: the certificate of `tls: self-signed`, and which models have been verified
VOLUME ["/config", "/models", "/state"]
WORKDIR /config
USER 1000:1000
EXPOSE 8080/tcp 8554/tcp 50000-50100/udp
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as http; http.urlopen(os.environ['HEALTH_URL'], timeout=4, context=ssl._create_unverified_context())"]
ENTRYPOINT ["camweave"]
CMD ["serve", "/config/camweave.yaml"]
