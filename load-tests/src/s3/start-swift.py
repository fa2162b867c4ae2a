"""OpenStack Swift with its S3 API on one directory and four ports of loopback: an S3 that is not ours, to back up to.

    apt-get install --no-install-recommends python3-swift
    python3 load-tests/src/s3/start-swift.py /tmp/swift 18085 &
    export AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing
    export WICK_BACKUP_BUCKET="s3://bucket/wick?endpoint=http://127.0.0.1:18085"
    npx vitest run --project unit services/core/src/backup/destination.test.ts
    npx vitest run --project e2e services/all-in-one/src/backup.e2e.test.ts

It has one bucket, of this name, and runs until it is killed.
"""
import hashlib
import hmac
import os
import signal
import sys
import time
import urllib.request

from swift.common.ring import RingBuilder
from swift.common.wsgi import run_wsgi

directory, port = os.path.abspath(sys.argv[1]), int(sys.argv[2])
backends = {"object": port + 1, "container": port + 2, "account": port + 3}
device = os.path.join(directory, "devices", "d1")
os.makedirs(device, exist_ok=True)
os.environ["SWIFT_DIR"] = directory


def write(name, text):
    path = os.path.join(directory, name)
    with open(path, "w") as file:
        file.write(text)
    return path


write("swift.conf", "[swift-hash]\nswift_hash_path_suffix = wick\n[storage-policy:0]\nname = one\ndefault = yes\n")

for kind, backend in backends.items():
    builder = RingBuilder(4, 1, 1)
    place = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": backend, "device": "d1", "weight": 1}
    builder.add_dev({**place, "replication_ip": "127.0.0.1", "replication_port": backend})
    builder.rebalance()
    builder.get_ring().save(os.path.join(directory, kind + ".ring.gz"))
    write(kind + ".conf", f"""[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {backend}
swift_dir = {directory}
devices = {directory}/devices
mount_check = false
workers = 0
user = root
log_address = /dev/null
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
""")

write("proxy.conf", f"""[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {directory}
workers = 0
user = root
log_address = /dev/null
[pipeline:main]
pipeline = catch_errors proxy-logging cache listing_formats s3api tempauth copy slo dlo proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
access_log_address = /dev/null
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:9
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin .reseller_admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
""")

import swift.common.utils as utils  # noqa: E402

utils.SWIFT_CONF_FILE = os.path.join(directory, "swift.conf")
children = []
for kind in ("account", "container", "object", "proxy"):
    child = os.fork()
    if child == 0:
        name = kind + "-server"
        sys.exit(run_wsgi(os.path.join(directory, kind + ".conf"), name, **{}))
    children.append(child)


def stop(*_):
    for each in children:
        os.kill(each, signal.SIGKILL)
    os._exit(0)


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)


def signed(path):
    """Headers of a PUT without a body, signed as S3 wants it (version 4)."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    nothing = hashlib.sha256(b"").hexdigest()
    headers = {"host": f"127.0.0.1:{port}", "x-amz-content-sha256": nothing, "x-amz-date": now}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = hashlib.sha256(f"PUT\n{path}\n\n{lines}\n{names}\n{nothing}".encode()).hexdigest()
    key = b"AWS4testing"
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{request}"
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential=test:tester/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def make_bucket():
    for _ in range(100):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/bucket", method="PUT", headers=signed("/bucket"))
        try:
            return urllib.request.urlopen(request)
        except OSError as error:
            failed = error
            time.sleep(0.2)
    raise SystemExit(f"Swift makes no bucket: {failed}")


make_bucket()
print("ready", flush=True)
os.waitpid(-1, 0)
stop()
