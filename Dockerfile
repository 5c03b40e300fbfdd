# docker build -t qosflood .
# mkdir -p runs && docker run --rm --read-only --user "$(id -u):$(id -g)" --volume "$PWD/runs:/runs" \
#     qosflood --rate 10x --duration 15m --target URL --allow-target HOST
# By digest (of all architectures), so that a build tomorrow has what was tried today; Dependabot
# moves version and digest together.
FROM python:3.13.15-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS base

FROM base AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY qosflood ./qosflood
COPY profiles ./profiles
RUN pip wheel --no-cache-dir --wheel-dir /wheels '.[otel]'

FROM base
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels 'qosflood[otel]' \
    && groupadd --gid 65532 qosflood \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /runs qosflood \
    && install --directory --owner qosflood --group qosflood /runs
# Everything that a run writes goes below /runs, so the root can be read-only.
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/runs
USER 65532:65532
WORKDIR /runs
VOLUME /runs
# The first signal stops the load and writes the report, as Ctrl-C does.
STOPSIGNAL SIGINT
ENTRYPOINT ["qosflood"]
CMD ["--help"]
