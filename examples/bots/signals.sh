#!/bin/sh
# The whole conversation with curl. EDGEKEEPER_TOKEN: from `edgekeeper token create --role trade --name NAME`.
set -eu
url=${EDGEKEEPER_URL:-http://127.0.0.1:8765}
id=${1:-curl-$(date +%s)}
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# The token is read from standard input, so that no list of processes shows it.
post() {
    printf 'header = "Authorization: Bearer %s"\n' "$EDGEKEEPER_TOKEN" |
        curl --silent --show-error --fail-with-body --max-time 5 --config - \
            --header 'Content-Type: application/json' --data "$2" "$url$1"
    echo
}

# A trade is proposed. What is not known is null, never 0.
post /v1/signals "{\"id\": \"$id\", \"symbol\": \"BTC/USDT\", \"side\": \"long\",
    \"time\": \"$now\", \"confidence\": 0.7, \"price\": 99.9, \"features\": {\"rsi\": 31.5, \"funding\": null}}"

# And it has ended: 1.2 % won, after costs.
post /v1/outcomes "{\"id\": \"$id\", \"closed_at\": \"$now\", \"return\": 0.012,
    \"exit_reason\": \"target\", \"entry_price\": 100.0, \"exit_price\": 101.3,
    \"quantity\": 0.5, \"fees\": 0.05}"
