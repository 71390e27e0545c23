# One image for app and worker; the command chooses.
FROM python:3.11-slim AS build
WORKDIR /srv
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r requirements.lock

FROM python:3.11-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 TECHMARKET_HOST=0.0.0.0 TECHMARKET_DATA_DIR=/data
RUN useradd --system --uid 10001 --home /srv market && install -d -o market /data
WORKDIR /srv
COPY --from=build /venv /venv
COPY alembic.ini ./
COPY migrations migrations
COPY app app
COPY search search
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["python", "-m", "app", "serve"]
