# Rollcall's image: a Python, the locked packages and the agent, in a folder that nobody but root may write.
# Needs no BuildKit. With another base: docker build --build-arg BASE=… (a Debian with Python 3.11 or newer and venv).
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
# The packages come first: a change of the code leaves them as they are.
WORKDIR /build
COPY requirements/build.txt requirements/run.txt ./
RUN python3 -m venv pip \
 && python3 -m venv --without-pip /opt/rollcall \
 && pip/bin/pip --disable-pip-version-check --no-cache-dir --quiet --python /opt/rollcall/bin/python \
      install --require-hashes --only-binary=:all: --no-compile -r run.txt \
 && pip/bin/pip --disable-pip-version-check --no-cache-dir --quiet \
      install --require-hashes --only-binary=:all: -r build.txt
COPY pyproject.toml README.md LICENSE ./
COPY agent agent
RUN pip/bin/pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && pip/bin/pip --disable-pip-version-check --quiet --python /opt/rollcall/bin/python \
      install --no-deps --no-index --no-compile dist/*.whl \
 && /opt/rollcall/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/rollcall/lib \
 && install -d -o 65532 -g 65532 -m 2775 /peers

FROM ${BASE}
COPY --from=build /opt/rollcall /opt/rollcall
COPY --from=build --chown=65532:65532 /peers /peers
ENV PATH=/opt/rollcall/bin:$PATH
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=5m CMD ["rollcall", "healthcheck"]
ENTRYPOINT ["rollcall"]
CMD ["run"]
