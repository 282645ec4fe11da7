# The server in a container, which reads what is mounted at /files and writes to /data alone:
#
#   docker build --tag kimi-files-mcp .
#   docker run --rm --interactive --network none --read-only --tmpfs /tmp \
#     --volume "$HOME/Documents:/files:ro" --volume kimi-files:/data kimi-files-mcp
#
# Files are named by their path below /files, as in "report.pdf". With a key, leave --network none out and add --env MOONSHOT_API_KEY.

FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
RUN uv venv /opt/kimi-files
COPY requirements.lock /build/
RUN uv pip install --python /opt/kimi-files --require-hashes --requirement /build/requirements.lock
COPY pyproject.toml README.md CHANGELOG.md LICENSE mcp.json /build/
COPY server /build/server
COPY tools /build/tools
COPY engine /build/engine
RUN uv build --wheel --out-dir /build/dist /build && uv pip install --python /opt/kimi-files --no-deps /build/dist/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --create-home reader && install --directory --owner reader /data && install --directory /files
COPY --from=build /opt/kimi-files /opt/kimi-files
ENV PATH=/opt/kimi-files/bin:$PATH PYTHONDONTWRITEBYTECODE=1 KIMI_FILES_ALLOW=/files KIMI_FILES_DATA_DIR=/data
WORKDIR /files
USER reader
VOLUME /data
ENTRYPOINT ["kimi-files-mcp"]
