import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js"
import {
  type CsiMessage,
  type CsiMessages,
  decode,
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
  /** Verbs, in order. */
  readonly calls: string[]
  readonly published: PublishRequest[]
  /** What the kubelet said of the registration; "" is well. */
  readonly registrations: string[]
}

export interface TestDriverOptions {
  readonly name: string
  readonly plugins: string
  /** Holds the volumes that outlive pods. */
  readonly store: string
  readonly type?: string
  /** Whether it prepares volumes for several pods. */
  readonly stages?: boolean
}

const raw = (bytes: Buffer): Buffer => bytes

export async function startTestDriver(options: TestDriverOptions): Promise<TestDriver> {
  const { name, plugins, store, type = "CSIPlugin", stages = false } = options
  const socket = join(plugins, `${name}-reg.sock`)
  rmSync(socket, { force: true })
  const server = new Server()
  const driver = { calls: [] as string[], published: [] as PublishRequest[], registrations: [] as string[] }
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
        if (service === "csi.v1.Node") driver.calls.push(verb)
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
    capabilities: stages ? [{ rpc: { type: 1 } }] : [],
  }))
  serve("csi.v1.Node", "NodeStageVolume", ["csi.v1.NodeStageVolumeRequest", "csi.v1.Empty"], (request) =>
    stage(store, request),
  )
  serve("csi.v1.Node", "NodeUnstageVolume", ["csi.v1.NodeUnstageVolumeRequest", "csi.v1.Empty"], (request) =>
    unmount(request.stagingTargetPath ?? ""),
  )
  serve("csi.v1.Node", "NodePublishVolume", ["csi.v1.NodePublishVolumeRequest", "csi.v1.Empty"], (request) => {
    driver.published.push(request)
    return publish(request)
  })
  serve("csi.v1.Node", "NodeUnpublishVolume", ["csi.v1.NodeUnpublishVolumeRequest", "csi.v1.Empty"], (request) => {
    const target = request.targetPath ?? ""
    unmount(target)
    rmSync(target, { recursive: true, force: true })
    return {}
  })
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

function stage(store: string, { volumeId = "", stagingTargetPath = "" }: StageRequest): object {
  const directory = join(store, volumeId)
  mkdirSync(directory, { recursive: true })
  if (!isMounted(stagingTargetPath)) execFileSync("mount", ["--bind", directory, stagingTargetPath])
  return {}
}

function publish({ targetPath = "", stagingTargetPath = "", volumeContext = {}, ...more }: PublishRequest): object {
  mkdirSync(targetPath, { recursive: true })
  if (isMounted(targetPath)) return {}
  if (stagingTargetPath) {
    execFileSync("mount", ["--bind", stagingTargetPath, targetPath])
    return {}
  }
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", targetPath])
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
