import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js"
import {
  type AttachRequest,
  type CsiMessage,
  type CsiMessages,
  type DetachRequest,
  decode,
  type ExpandRequest,
  encode,
  type PublishRequest,
  type StageRequest,
} from "../messages.ts"

/**
 * A driver of volumes as a program of its own would be: it serves CSI's node side on a unix socket in the directory of
 * plugins, and mounts. A volume is a directory of the driver; one that lives with its pod is a tmpfs that holds a file for
 * each thing that the driver was told.
 */
export interface TestDriver extends AsyncDisposable {
  /** Verbs, in order, also of calls that failed. */
  readonly calls: string[]
  readonly staged: StageRequest[]
  readonly published: PublishRequest[]
  readonly grown: ExpandRequest[]
  readonly attached: AttachRequest[]
  readonly detached: DetachRequest[]
  /** Verbs whose next call fails. */
  readonly failing: Set<string>
  /** What the kubelet said of the registration; "" is well. */
  readonly registrations: string[]
}

export interface TestDriverOptions {
  readonly name: string
  readonly plugins: string
  /** Holds the volumes that outlive pods. */
  readonly store: string
  readonly type?: string
  /** Whether it prepares volumes for several pods, and grows what lies on them. */
  readonly stages?: boolean
  /** Whether its controller answers too, and attaches. */
  readonly attaches?: boolean
}

const deviceBytes = 1_048_576
const raw = (bytes: Buffer): Buffer => bytes

export async function startTestDriver(options: TestDriverOptions): Promise<TestDriver> {
  const { name, plugins, store, type = "CSIPlugin", stages = false, attaches = false } = options
  const socket = join(plugins, `${name}-reg.sock`)
  rmSync(socket, { force: true })
  const server = new Server()
  const driver = {
    calls: [] as string[],
    staged: [] as StageRequest[],
    published: [] as PublishRequest[],
    grown: [] as ExpandRequest[],
    attached: [] as AttachRequest[],
    detached: [] as DetachRequest[],
    failing: new Set<string>(),
    registrations: [] as string[],
  }
  const serve = <Request extends CsiMessage, Answer extends CsiMessage>(
    service: string,
    verb: string,
    [request, answer]: readonly [Request, Answer],
    handle: (message: CsiMessages[Request]) => CsiMessages[Answer],
  ): void => {
    const method = {
      path: `/${service}/${verb}`,
      requestStream: false as const,
      responseStream: false as const,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    }
    const implementation = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>): void => {
      try {
        if (service.startsWith("csi.v1.")) driver.calls.push(verb)
        if (driver.failing.delete(verb)) throw new Error(`${verb} fails once`)
        done(null, encode(answer, handle(decode(request, call.request))))
      } catch (error) {
        done({ code: status.INTERNAL, details: (error as Error).message })
      }
    }
    server.addService({ [verb]: method }, { [verb]: implementation })
  }
  serve("pluginregistration.Registration", "GetInfo", ["csi.v1.Empty", "pluginregistration.PluginInfo"], () => ({
    type,
    name,
    endpoint: socket,
    supportedVersions: ["1.0.0"],
  }))
  const told = ["pluginregistration.RegistrationStatus", "csi.v1.Empty"] as const
  serve("pluginregistration.Registration", "NotifyRegistrationStatus", told, ({ pluginRegistered, error = "" }) => {
    driver.registrations.push(pluginRegistered ? "" : error)
    return {}
  })
  serve("csi.v1.Node", "NodeGetInfo", ["csi.v1.Empty", "csi.v1.NodeGetInfoResponse"], () => ({
    nodeId: `${name}-node`,
    maxVolumesPerNode: 7,
    accessibleTopology: { segments: { "test.csi.example.com/rack": "r1" } },
  }))
  serve("csi.v1.Node", "NodeGetCapabilities", ["csi.v1.Empty", "csi.v1.NodeGetCapabilitiesResponse"], () => ({
    capabilities: stages ? [{ rpc: { type: 1 } }, { rpc: { type: 3 } }] : [],
  }))
  serve("csi.v1.Node", "NodeExpandVolume", ["csi.v1.NodeExpandVolumeRequest", "csi.v1.Empty"], (request) => {
    driver.grown.push(request)
    return {}
  })
  serve("csi.v1.Node", "NodeStageVolume", ["csi.v1.NodeStageVolumeRequest", "csi.v1.Empty"], (request) => {
    driver.staged.push(request)
    return stage(store, request)
  })
  serve("csi.v1.Node", "NodeUnstageVolume", ["csi.v1.NodeUnstageVolumeRequest", "csi.v1.Empty"], (request) =>
    unstage(store, request),
  )
  serve("csi.v1.Node", "NodePublishVolume", ["csi.v1.NodePublishVolumeRequest", "csi.v1.Empty"], (request) => {
    driver.published.push(request)
    return publish(store, request)
  })
  serve("csi.v1.Node", "NodeUnpublishVolume", ["csi.v1.NodeUnpublishVolumeRequest", "csi.v1.Empty"], (request) => {
    const target = request.targetPath ?? ""
    unmount(target)
    rmSync(target, { recursive: true, force: true })
    return {}
  })
  const controller = "csi.v1.Controller"
  if (attaches) {
    serve(
      controller,
      "ControllerGetCapabilities",
      ["csi.v1.Empty", "csi.v1.ControllerGetCapabilitiesResponse"],
      () => ({
        capabilities: [{ rpc: { type: 2 } }],
      }),
    )
    const attach = ["csi.v1.ControllerPublishVolumeRequest", "csi.v1.ControllerPublishVolumeResponse"] as const
    serve(controller, "ControllerPublishVolume", attach, (request) => {
      driver.attached.push(request)
      return { publishContext: { disk: `disk of ${request.volumeId}` } }
    })
    const detach = ["csi.v1.ControllerUnpublishVolumeRequest", "csi.v1.Empty"] as const
    serve(controller, "ControllerUnpublishVolume", detach, (request) => {
      driver.detached.push(request)
      return {}
    })
  }
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  )
  return {
    ...driver,
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown()
      rmSync(socket, { force: true })
    },
  }
}

/** A device is a loop over a file of the volume's name. */
function stage(store: string, { volumeId = "", stagingTargetPath = "", volumeCapability }: StageRequest): object {
  const place = join(store, volumeId)
  if (volumeCapability?.block) {
    mkdirSync(store, { recursive: true })
    if (!existsSync(place)) writeFileSync(place, Buffer.alloc(deviceBytes))
    if (!loopOf(place)) execFileSync("losetup", ["--find", place])
    return {}
  }
  mkdirSync(place, { recursive: true })
  if (!isMounted(stagingTargetPath)) execFileSync("mount", ["--bind", place, stagingTargetPath])
  return {}
}

function unstage(store: string, { volumeId = "", stagingTargetPath = "" }: StageRequest): object {
  const loop = loopOf(join(store, volumeId))
  if (loop) execFileSync("losetup", ["--detach", loop])
  return unmount(stagingTargetPath)
}

function loopOf(file: string): string {
  return execFileSync("losetup", ["--associated", file, "--noheadings", "--output", "NAME"]).toString().trim()
}

function publish(store: string, request: PublishRequest): object {
  const { volumeId = "", targetPath = "", stagingTargetPath = "", volumeContext = {}, ...more } = request
  if (more.volumeCapability?.block) {
    writeFileSync(targetPath, "")
    execFileSync("mount", ["--bind", loopOf(join(store, volumeId)), targetPath])
    return {}
  }
  mkdirSync(targetPath, { recursive: true })
  const source = stagingTargetPath ? ["--bind", stagingTargetPath] : ["-t", "tmpfs", "tmpfs"]
  if (!isMounted(targetPath)) execFileSync("mount", [...source, targetPath])
  if (stagingTargetPath) return {}
  const files = { ...volumeContext, ...more.secrets }
  for (const [key, value] of Object.entries(files)) writeFileSync(join(targetPath, key.replaceAll("/", "_")), value)
  return {}
}

function unmount(path: string): object {
  if (existsSync(path) && isMounted(path)) execFileSync("umount", [path])
  return {}
}

function isMounted(path: string): boolean {
  return readFileSync("/proc/self/mountinfo", "utf8").includes(` ${path} `)
}
