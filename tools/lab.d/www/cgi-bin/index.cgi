#!/bin/sh
# The web server's only page tells who asks.
addr=${REMOTE_ADDR#[[]::ffff:}
printf 'Content-Type: text/plain\r\n\r\n'
echo "This is www.digitalocean.com of the lab. You come from ${addr%]}."
