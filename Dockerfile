# Rollcall's image: a Python, the locked packages and the agent, none of which its user can write.
# Classic builder or BuildKit, amd64 or arm64. docs/image.md says where the digest comes from, and how to take
# another base: --build-arg BASE=…, a Debian or its like with Python 3.11 or newer, and venv.
ARG BASE=python:3.13.14-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8

FROM ${BASE} AS build
# Where packages come from, if not from PyPI; the lock says which bytes they have to be.
ARG PIP_INDEX_URL
WORKDIR /build
# The packages come first: a change of the code leaves them as they are. pip stays behind in this stage.
COPY requirements/build.txt requirements/run.txt ./
RUN python3 -m venv pip \
 && python3 -m venv --without-pip /opt/rollcall \
 && rm /opt/rollcall/bin/*ctivate* \
 && pip/bin/pip --disable-pip-version-check --no-cache-dir --quiet --python /opt/rollcall/bin/python \
      install --require-hashes --only-binary=:all: --no-compile -r run.txt \
 && pip/bin/pip --disable-pip-version-check --no-cache-dir --quiet \
      install --require-hashes --only-binary=:all: -r build.txt
COPY pyproject.toml README.md LICENSE ./
COPY agent agent
# All files get one time, so that the same sources give the same layer: by default the first that a wheel can hold.
ARG SOURCE_DATE_EPOCH=315532800
# The compiled code is trusted as it is: whether it is older than its source says nothing in an image.
RUN pip/bin/pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && pip/bin/pip --disable-pip-version-check --quiet --python /opt/rollcall/bin/python \
      install --no-deps --no-index --no-compile dist/*.whl \
 && PYTHONHASHSEED=0 /opt/rollcall/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/rollcall/lib \
 && find /opt/rollcall -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

FROM ${BASE}
# A named volume that is mounted here first takes over the owner and the mode. COPY would not keep the mode.
RUN install -d -o 65532 -g 65532 -m 2775 /peers
COPY --from=build /opt/rollcall /opt/rollcall
ENV PATH=/opt/rollcall/bin:$PATH
USER 65532:65532
# It may wait four minutes for its peers (wait_timeout) before that is a fault.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --retries=3 CMD ["rollcall", "healthcheck"]
ENTRYPOINT ["rollcall"]
CMD ["run"]
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="rollcall-agent" \
      org.opencontainers.image.description="Keeps a database's config file true to the peers that DNS lists for its StatefulSet" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
