# syntax=docker/dockerfile:1
# The server alone: Kafka and Postgres run beside it (docker-compose.yml). There is no build step: TypeScript
# runs as it is. The Debian release is the one on which the tests run; Alpine (musl) cannot run it.
FROM node:22.23.2-bookworm-slim AS dependencies
WORKDIR /app
# bin/preinstall.js runs in "npm ci", so it is there first; the rest of the source is not, to keep this layer.
COPY package.json package-lock.json ./
COPY bin/platform.js bin/preinstall.js ./bin/
# Optional are the Node and the Postgres that npm carries: the image has its Node, compose its Postgres.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund
# The HTTP server's package carries a binary for every platform and Node: keep that of this one.
RUN find node_modules/uWebSockets.js -name 'uws_*.node' \
      ! -name "uws_linux_$(node -p 'process.arch')_$(node -p 'process.versions.modules').node" -delete

FROM node:22.23.2-bookworm-slim
# Nothing in here builds or installs anything.
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /opt/yarn* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && install -d -o node -g node -m 0700 /data
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
USER node
EXPOSE 3000 9464
VOLUME /data
# Alive, not ready: a full log or a drain is no reason to kill the process.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.ADMIN_PORT ?? 9464}/healthz`, { signal: AbortSignal.timeout(4000) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "bin/usage-ingest.js"]
CMD ["start"]
