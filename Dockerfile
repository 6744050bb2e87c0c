# Both programs and the command line in one image.
#
#   docker build -t kubeskippy .
#   docker buildx build --platform linux/amd64,linux/arm64 -t registry.example.com/kubeskippy:0.1.0 --push .
#
# Nothing is run on the platform of the image, so no emulation is needed for another one.

# What is below: glibc and libstdc++, and nothing else is needed there, such as a shell.
ARG BASE=gcr.io/distroless/cc-debian12:nonroot
# Where Node comes from, at /usr/local/bin/node; for the build, npm and a shell too.
ARG NODE=docker.io/library/node:24.21.0-bookworm-slim

FROM --platform=$BUILDPLATFORM ${NODE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# Their scripts would fetch one more Node.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node hack/build.ts /opt/kubeskippy && node hack/sbom.ts /opt/kubeskippy && cp LICENSE /opt/kubeskippy/ \
 && mkdir /opt/kubeskippy/cache && chown 65532:65532 /opt/kubeskippy/cache
# V8's bytecode of the bundle, since the root is read-only later. Node keeps it by path, user and architecture, and makes its own where one differs.
USER 65532:65532
ENV NODE_COMPILE_CACHE=/opt/kubeskippy/cache
RUN for program in controller webhook check; do node /opt/kubeskippy/kubeskippy.js "$program" --help >/dev/null; done

FROM --platform=$TARGETPLATFORM ${NODE} AS node

FROM ${BASE}
LABEL org.opencontainers.image.title="KubeSkippy" \
      org.opencontainers.image.description="Heals Kubernetes workloads by policy: bounded, durable and verified" \
      org.opencontainers.image.licenses="MIT"
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/LICENSE /opt/kubeskippy/LICENSE.node
COPY --from=build --chown=0:0 /opt/kubeskippy /opt/kubeskippy
ENV NODE_ENV=production NODE_COMPILE_CACHE=/opt/kubeskippy/cache
USER 65532:65532
# Metrics, probes, admission.
EXPOSE 8080 8081 9443
ENTRYPOINT ["/usr/local/bin/node", "/opt/kubeskippy/kubeskippy.js"]
