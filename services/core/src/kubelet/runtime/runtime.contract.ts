import { pbkdf2 } from "node:crypto"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"
import { plainSandbox } from "../testing/test-pod.ts"
import type { ContainerConfig, Runtime, RuntimeNotice, SandboxConfig, SandboxRecord } from "./runtime.ts"

/** Each is a chance for what ends to take what starts with it. */
const handovers = 8

/** Every thread that would read or write a file is busy for a fifth of a second or so. */
async function slowDisk(): Promise<void> {
  await Promise.all(Array.from({ length: 4 }, () => promisify(pbkdf2)("", "", 300_000, 64, "sha512")))
}

/** What every maker of `Runtime` must do. `image` has a shell; `directory` is for logs. */
export function runtimeContract(open: () => { runtime: Runtime; image: string; directory: string }): void {
  const pod = { uid: "contract-uid", name: "contract", namespace: "default" }
  const sandboxConfig = (): SandboxConfig =>
    plainSandbox("contract", { logDirectory: join(open().directory, "contract") })
  const containerConfig = (imageId: string, script: string, attempt: number): ContainerConfig => ({
    pod,
    name: "main",
    attempt,
    imageId,
    image: open().image,
    command: ["/bin/sh", "-c", script],
    args: [],
    workingDirectory: "",
    env: [{ name: "GREETING", value: "hello" }],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: `main/${attempt}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 0, memoryLimit: 0, oomScoreAdjust: 0 },
    security: {
      privileged: false,
      runAsUser: undefined,
      runAsGroup: undefined,
      supplementalGroups: [],
      readOnlyRootFilesystem: false,
      addCapabilities: [],
      dropCapabilities: [],
      noNewPrivileges: false,
      seccomp: { kind: "unconfined" },
      appArmor: undefined,
      maskedPaths: [],
      readOnlyPaths: [],
    },
    ports: [],
  })

  /** A sandbox, and how containers that run a script are made in it; nothing of it is left when `use` is through. */
  async function inSandbox(
    use: (sandbox: SandboxRecord, create: (script: string, attempt: number) => Promise<string>) => Promise<void>,
  ): Promise<void> {
    const { runtime, image, directory } = open()
    await runtime.pullImage(image, undefined)
    const imageId = (await runtime.image(image))?.id ?? ""
    const config = sandboxConfig()
    const sandbox = await runtime.runSandbox(config, "")
    mkdirSync(join(directory, "contract", "main"), { recursive: true })
    try {
      await use(sandbox, (script, attempt) =>
        runtime.createContainer(sandbox, containerConfig(imageId, script, attempt), config),
      )
    } finally {
      await runtime.stopSandbox(sandbox.id)
      await runtime.removeSandbox(sandbox.id)
    }
    expect(await runtime.list()).toEqual({ sandboxes: [], containers: [] })
  }

  it("runs a container from its creation to its end and tells of it", async () => {
    const { runtime } = open()
    const notices: RuntimeNotice[] = []
    const undo = runtime.onEvent((notice) => notices.push(notice))
    await inSandbox(async (sandbox, create) => {
      expect(sandbox).toMatchObject({ pod, ready: true, ips: [expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/)] })
      const id = await create("echo $GREETING; exit 3", 0)
      expect(await runtime.container(id)).toMatchObject({ state: "created", name: "main", podUid: pod.uid })
      await runtime.startContainer(id)
      await expect.poll(() => notices).toContainEqual(expect.objectContaining({ kind: "exited", id, exitCode: 3 }))
      await expect.poll(() => runtime.container(id)).toMatchObject({ state: "exited", exitCode: 3 })
      const { logPath = "" } = (await runtime.container(id)) ?? {}
      await expect.poll(() => readFileSync(logPath, "utf8")).toMatch(/^\d{4}-\d\d-\d\dT\S+Z stdout F hello\n$/)

      const lasting = await create("sleep 100", 1)
      await runtime.startContainer(lasting)
      const { exitCode } = await runtime.execSync(lasting, ["/bin/sh", "-c", "exit 5"], 5_000)
      expect(exitCode).toBe(5)
      const { containers, sandboxes } = await runtime.list()
      expect(sandboxes.map((found) => found.id)).toContain(sandbox.id)
      expect(containers.find((found) => found.id === lasting)).toMatchObject({
        state: "running",
        sandboxId: sandbox.id,
      })
      await runtime.stopContainer(lasting, 0)
      await expect.poll(() => runtime.container(lasting)).toMatchObject({ state: "exited", exitCode: 137 })
    }).finally(undo)
  })

  it("starts a container just as another one of its pod ends", async () => {
    const { runtime } = open()
    await inSandbox(async (_, create) => {
      const started = async (attempt: number): Promise<string> => {
        const id = await create("exec sleep 100", attempt)
        await runtime.startContainer(id)
        return id
      }
      let running = await started(0)
      for (let attempt = 1; attempt <= handovers; attempt++) {
        const last = running
        const ending = runtime.stopContainer(last, 0)
        running = await started(attempt)
        await ending
        await runtime.removeContainer(last)
        expect(await runtime.container(running)).toMatchObject({ state: "running" })
      }
    })
  })

  it("has ended a container when it says so, and ends it again without waiting for anything, on a slow disk too", async () => {
    const { runtime } = open()
    await inSandbox(async (_, create) => {
      const id = await create("exec sleep 100", 0)
      const disk = slowDisk()
      await runtime.startContainer(id)
      await runtime.stopContainer(id, 0)
      expect(await runtime.container(id)).toMatchObject({ state: "exited", exitCode: 137 })
      await runtime.stopContainer(id, 0)
      await disk
    })
  })

  it("refuses a sandbox whose handler it does not have", async () => {
    const { runtime } = open()
    expect(await runtime.handlers()).toContain("")
    const refusal = 'no runtime for "none" is configured'
    await expect(runtime.runSandbox(sandboxConfig(), "none")).rejects.toThrow(refusal)
    expect(await runtime.list()).toEqual({ sandboxes: [], containers: [] })
  })

  it("takes away what is gone without complaint", async () => {
    const { runtime } = open()
    const nobody = "0".repeat(64)
    await runtime.stopContainer(nobody, 0)
    await runtime.removeContainer(nobody)
    await runtime.stopSandbox(nobody)
    await runtime.removeSandbox(nobody)
    expect(await runtime.container(nobody)).toBeUndefined()
  })
}
