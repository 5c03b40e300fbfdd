# docker build -t qosflood .
# mkdir -p runs && docker run --rm --read-only --user "$(id -u):$(id -g)" --volume "$PWD/runs:/runs" \
#     qosflood --rate 10x --duration 15m --target URL --allow-target HOST
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY qosflood ./qosflood
COPY profiles ./profiles
RUN pip wheel --no-cache-dir --wheel-dir /wheels '.[otel]'

FROM python:3.13-slim
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
