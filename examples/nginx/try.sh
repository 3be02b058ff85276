#!/usr/bin/env bash
# Tries gateway.conf on this machine: nginx with a certificate of its own, a gateway behind it, a small network, and a node
# that joins through both. Needs nginx and openssl. Nothing leaves the machine.
#
#     npm run build && examples/nginx/try.sh
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill "${nginx:-}" 2>/dev/null || true; wait; rm -rf "$work"' EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
cp "$here/gateway.conf" "$work/nginx.conf"
mkdir "$work/temp"
nginx -p "$work" -e stderr -c nginx.conf &
nginx=$!

# As a client of a public certificate authority would: this certificate is the only one that is trusted.
NODE_EXTRA_CA_CERTS="$work/cert.pem" node "$here/through-nginx.js"
