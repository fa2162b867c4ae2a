import { expect, it } from "vitest"
import { parseWrk } from "./wrk.ts"

const report = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 100 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     6.57ms    1.03ms  27.58ms   93.02%
    Req/Sec    15.30k     1.21k   16.83k    85.00%
  Latency Distribution
     50%    6.33ms
     75%    6.66ms
     90%    7.30ms
     99%   980.00us
  30457 requests in 2.00s, 4.65MB read
  Socket errors: connect 0, read 1, write 0, timeout 2
  Non-2xx or 3xx responses: 4
Requests/sec:  15218.27
Transfer/sec:      2.32MB
`

it("reads wrk's report", () => {
  expect(parseWrk(report)).toEqual({ requests: 30457, requestsPerSecond: 15218.27, p50: 6.33, p99: 0.98, errors: 7 })
})
