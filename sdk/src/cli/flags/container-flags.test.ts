import { describe, expect, it } from "vitest"
import { helloAfter } from "./testing/hello-after.ts"

const first = helloAfter([
  ...["--image", "a", "--env", "A=1", "--env", "B=2", "--env-from", "cm:m", "--env-value-from", "C=secret:s:k"],
  ...["--limit", "cpu=1,memory=1Gi", "--request", "cpu=100m", "--probe-liveness", "http::8080:/live"],
  ...["--probe-liveness-opts", "PeriodSeconds=7", "--user", "1000"],
])

function containerAfter(line: string[], existing = first, files = {}): unknown {
  return helloAfter(line, existing, { files }).spec?.template?.spec?.containers?.[0]
}

describe("a container after flags", () => {
  it.each<[string, string[], object]>([
    ["the image", ["-i", "b"], { image: "b" }],
    ["the command, in kn's word", ["--cmd", "sh", "--cmd", "/run"], { command: ["sh", "/run"] }],
    ["the command, in ours", ["--command", "sh"], { command: ["sh"] }],
    ["arguments, also such as look like flags", ["--arg", "-v", "--arg", "a,b"], { args: ["-v", "a,b"] }],
    ["a port", ["-p", "80"], { ports: [{ containerPort: 80 }] }],
    ["a port with its protocol", ["--port", "h2c:80"], { ports: [{ name: "h2c", containerPort: 80 }] }],
    ["when to pull", ["--pull-policy", "always"], { imagePullPolicy: "Always" }],
    ["a user", ["--user", "0"], { securityContext: { runAsUser: 0 } }],
    [
      "no privileges, and the user that was there",
      ["--security-context", "strict"],
      { securityContext: { runAsUser: 1000, runAsNonRoot: true, capabilities: { drop: ["ALL"] } } },
    ],
    ["one limit of two", ["--limit", "cpu=2"], { resources: { limits: { cpu: "2", memory: "1Gi" } } }],
    [
      "a limit taken away",
      ["--limit", "cpu-"],
      { resources: { limits: { memory: "1Gi" }, requests: { cpu: "100m" } } },
    ],
    [
      "limits in fewer words",
      ["--cpu", "2", "--memory", "5Mi"],
      { resources: { limits: { cpu: "2", memory: "5Mi" } } },
    ],
    ["a request", ["--request", "memory=1Mi"], { resources: { requests: { cpu: "100m", memory: "1Mi" } } }],
  ])("has %s", (_, line, wanted) => {
    expect(containerAfter(line)).toMatchObject(wanted)
  })

  it.each<[string, string[], object[]]>([
    [
      "changed where it stands",
      ["--env", "A=9"],
      [{ name: "C" }, { name: "A", value: "9" }, { name: "B", value: "2" }],
    ],
    ["added at the end", ["-e", "D=x=y"], [{ name: "C" }, { name: "A" }, { name: "B" }, { name: "D", value: "x=y" }]],
    ["taken away", ["-e", "A-", "-e", "C-"], [{ name: "B", value: "2" }]],
    [
      "from a key of a ConfigMap",
      ["--env-value-from", "A=cm:m:the.key", "-e", "C-"],
      [{ name: "A", valueFrom: { configMapKeyRef: { name: "m", key: "the.key" } } }, { name: "B" }],
    ],
    ["a value in place of a reference", ["-e", "C=1"], [{ name: "C", value: "1" }, { name: "A" }, { name: "B" }]],
    [
      "from a file, and the line has the last word",
      ["--env-file", "f", "-e", "A=line", "-e", "C-"],
      [
        { name: "A", value: "line" },
        { name: "B", value: "file" },
      ],
    ],
  ])("has a variable %s", (_, line, env) => {
    const { env: after } = containerAfter(line, first, { f: "# words\nA=file\n\nB=file\n" }) as { env: object[] }
    expect(after).toMatchObject(env)
    expect(after).toHaveLength(env.length)
  })

  it("has the image's own context when asked for, and the user that is named beside it", () => {
    expect(containerAfter(["--security-context", "none"])).not.toHaveProperty("securityContext")
    expect(containerAfter(["--user", "7", "--security-context", "none"])).toMatchObject({
      securityContext: { runAsUser: 7 },
    })
  })

  it("keeps the reference in which a variable was given", () => {
    expect(containerAfter([])).toMatchObject({
      env: [{ name: "C", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }, {}, {}],
    })
  })

  it.each<[string, string[], object[]]>([
    ["once, however often it is named", ["--env-from", "config-map:m"], [{ configMapRef: { name: "m" } }]],
    ["added", ["--env-from", "sc:s"], [{ configMapRef: { name: "m" } }, { secretRef: { name: "s" } }]],
    ["taken away", ["--env-from", "cm:m-"], []],
  ])("has all variables of a map %s", (_, line, envFrom) => {
    expect(containerAfter(line)).toMatchObject({ envFrom })
  })

  it.each<[string, string[], object | undefined]>([
    ["over HTTP, with the timing that it had", ["--probe-liveness", "http:::/x"], { httpGet: { path: "/x", port: 0 } }],
    [
      "over HTTPS at another host",
      ["--probe-liveness", "https:127.0.0.1:8443:/x"],
      { httpGet: { host: "127.0.0.1", port: 8443, path: "/x", scheme: "HTTPS" } },
    ],
    ["by a connection", ["--probe-liveness", "tcp::9"], { tcpSocket: { port: 9 } }],
    ["by a command", ["--probe-liveness", "exec:sh,-c,true"], { exec: { command: ["sh", "-c", "true"] } }],
    ["over gRPC", ["--probe-liveness", "grpc:9:health"], { grpc: { port: 9, service: "health" } }],
    [
      "with other timing",
      ["--probe-liveness-opts", "periodseconds=1,FailureThreshold=2"],
      { httpGet: { path: "/live", port: 8080 }, failureThreshold: 2, periodSeconds: 1 },
    ],
  ])("is probed %s", (_, line, probe) => {
    const { livenessProbe } = containerAfter(line) as { livenessProbe: object }
    expect(livenessProbe).toEqual({ periodSeconds: 7, ...probe })
  })

  it("is probed for each purpose, and no more when that is taken away", () => {
    const probed = helloAfter(["-i", "a", "--probe-readiness", "tcp::1", "--probe-startup", "tcp::2"])
    expect(containerAfter(["--probe-readiness", "-"], probed)).toEqual({
      name: "user-container",
      image: "a",
      startupProbe: { tcpSocket: { port: 2 } },
    })
  })

  it("is the one with the port, where there are several", () => {
    const containers = [
      { name: "a", image: "a" },
      { name: "b", image: "b", ports: [{ containerPort: 1 }] },
    ]
    const two = { ...first, spec: { template: { spec: { containers } } } } as typeof first
    expect(helloAfter(["-i", "c"], two).spec?.template?.spec?.containers).toMatchObject([
      { image: "a" },
      { image: "c" },
    ])
  })
})
