# The server alone: Kafka and Postgres run beside it (docker-compose.yml). There is no build step: TypeScript
# runs as it is. Alpine (musl) cannot run it; glibc must be 2.38 or newer for the HTTP server's binary for Node 24.
ARG NODE_IMAGE=node:24.22.3-trixie-slim
ARG BASE_IMAGE=debian:trixie-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
# bin/preinstall.js runs in "npm ci", so it is there first; the rest of the source is not, to keep this layer.
COPY package.json package-lock.json ./
COPY bin/platform.js bin/preinstall.js ./bin/
# Optional are the Node and the Postgres that npm carries: the image has its Node, compose its Postgres.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund
# Of the HTTP server's two packages Node 24 loads the newer alone, and of its binaries one. Nobody reads types, maps and
# pages in here.
RUN rm -rf node_modules/uWebSockets.js \
    && find node_modules/@btc-vision -name 'uws_*.node' \
      ! -name "uws_linux_$(node -p 'process.arch')_$(node -p 'process.versions.modules').node" -delete \
    && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.md' \) -delete

FROM ${BASE_IMAGE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="usage-ingest" \
      org.opencontainers.image.description="Collects every inhaler event and never loses one" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# By number below: what checks that nobody runs as root cannot look up a name.
RUN useradd --uid 1000 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin usage \
    && install -d -o 1000 -g 1000 -m 0700 /data
# Node itself, without npm and what else its image has.
COPY --from=dependencies /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
# Owned by root: the server cannot change its own code.
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY bin ./bin
COPY src ./src
COPY migrations ./migrations
COPY console ./console
COPY analytics/*.sql ./analytics/
COPY docs/openapi.json ./docs/
COPY api-reference ./api-reference
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    ADMIN_HOST=0.0.0.0 \
    DATA_DIR=/data
USER 1000:1000
EXPOSE 3000 9464
# Alive, not ready: a full log or a drain is no reason to kill the process.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ADMIN_PORT ?? 9464}/healthz`, { signal: AbortSignal.timeout(4000) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "bin/usage-ingest.js"]
CMD ["start"]
