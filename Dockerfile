# syntax=docker/dockerfile:1
# One image for the API, the workers and the migration; what differs is the command.

FROM node:24.11-bookworm-slim AS assets
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts \
 && mkdir vendor \
 && cp node_modules/htmx.org/dist/htmx.min.js vendor/ \
 && cp node_modules/htmx.org/LICENSE vendor/htmx.min.js.LICENSE.txt \
 && cp node_modules/mermaid/dist/mermaid.min.js vendor/ \
 && cp node_modules/mermaid/LICENSE vendor/mermaid.min.js.LICENSE.txt

FROM python:3.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/cauce
COPY requirements.txt requirements-setup.txt ./
RUN /opt/cauce/bin/pip install -r requirements.txt \
 && python -m venv /opt/tools && /opt/tools/bin/pip install -r requirements.txt -r requirements-setup.txt build
COPY . .
COPY --from=assets /build/vendor api/static/vendor
RUN for catalog in api/locale/*/LC_MESSAGES/*.po; do \
      /opt/tools/bin/pybabel compile -i "$catalog" -o "${catalog%.po}.mo"; \
    done \
 && /opt/tools/bin/python -m build --wheel --no-isolation --outdir /wheel . \
 && /opt/cauce/bin/pip install --no-deps --no-index /wheel/*.whl \
 # The dev server is for one machine; in production Temporal is a cluster of its own.
 && rm -f /opt/cauce/bin/temporal

FROM python:3.12-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      libodbc2 libodbcinst2 libltdl7 libsqliteodbc odbc-postgresql odbc-mariadb tdsodbc \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 cauce \
 && useradd --uid 10001 --gid cauce --no-create-home --home-dir /var/lib/cauce --shell /usr/sbin/nologin cauce \
 && install -d -o cauce -g cauce -m 0750 /var/lib/cauce
COPY --from=build /opt/cauce /opt/cauce
ENV PATH=/opt/cauce/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CAUCE_DATA_DIR=/var/lib/cauce
USER 10001:10001
WORKDIR /var/lib/cauce
VOLUME /var/lib/cauce
EXPOSE 8080
# The exec form: the program is process 1 and gets the signals itself, so that it ends what it is doing.
ENTRYPOINT ["cauce"]
CMD ["api", "--host", "0.0.0.0", "--port", "8080"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=5 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/api/v1/health', timeout=4)"]
