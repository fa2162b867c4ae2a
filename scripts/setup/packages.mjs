import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Refusal } from "./refusal.mjs"

/** Debian packages, and the file by which one sees that they are there. Several files: any of them will do. */
const packages = {
  run: [
    ["containerd", ["/usr/bin/containerd", "/usr/local/bin/containerd"]],
    ["runc", ["/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc", "/usr/local/bin/runc"]],
    ["crun", ["/usr/bin/crun", "/usr/local/bin/crun"]],
    ["containernetworking-plugins", ["/usr/lib/cni/bridge", "/opt/cni/bin/bridge"]],
    ["nftables", ["/usr/sbin/nft"]],
    ["iproute2", ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"]],
    ["busybox-static", ["/bin/busybox", "/usr/bin/busybox"]],
  ],
  test: [
    ["skopeo", ["/usr/bin/skopeo"]],
    ["wrk", ["/usr/bin/wrk"]],
    ["haproxy", ["/usr/sbin/haproxy"]],
    ["nginx-light", ["/usr/sbin/nginx"]],
    ["etcd-client", ["/usr/bin/etcdctl"]],
    ["etcd-server", ["/usr/bin/etcd"]],
    ["pebble", ["/usr/bin/pebble"]],
    ["curl", ["/usr/bin/curl"]],
    ["nghttp2-client", ["/usr/bin/h2load"]],
  ],
}
const noServices = "/usr/sbin/policy-rc.d"
const kubectlCache = "/var/cache/wick/kubectl"
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

/** Installs the packages that are missing, without starting a service of any of them. */
export async function ensurePackages(needs, root, steps) {
  const wanted = needs === "run" ? packages.run : [...packages.run, ...packages.test]
  const missing = wanted.filter(([, files]) => !files.some((file) => existsSync(file))).map(([name]) => name)
  if (missing.length > 0) await steps.run(`install ${missing.join(" ")}`, () => install(missing))
  if (needs !== "test") return
  if (!findKubectl()) await steps.run("get kubectl for the tests", () => unpackKubectl(kubectlCache, "kubectl/trixie"))
  const old = join(root, "node_modules", ".cache", "kubectl-1.20")
  // Without Debian's keys the old one is not to be had: what tests it is skipped.
  if (!existsSync(old) && existsSync(keyring))
    await steps.run("get kubectl 1.20 for the tests", () => unpackKubectl(old, "kubernetes-client/bookworm"))
}

async function install(names) {
  if (!existsSync("/usr/bin/apt-get")) {
    throw new Refusal(
      `missing: ${names.join(", ")}; and there is no apt-get here`,
      "install them by this machine's own means",
    )
  }
  const guard = guardServices()
  try {
    if (lacksIndex()) await apt(["update"])
    await apt(["install", "--yes", "--no-install-recommends", ...names]).catch(async () => {
      await apt(["update"])
      await apt(["install", "--yes", "--no-install-recommends", ...names])
    })
  } finally {
    guard()
  }
}

/** Package lists that were never fetched. */
function lacksIndex() {
  try {
    return !readdirSync("/var/lib/apt/lists").some((name) => name.endsWith("_Packages") || name.endsWith(".lz4"))
  } catch {
    return true
  }
}

/** While packages are installed none of their services is started: Wick runs its own, and leaves the host's alone. */
function guardServices() {
  if (existsSync(noServices)) return () => {}
  writeFileSync(noServices, "#!/bin/sh\nexit 101\n", { mode: 0o755 })
  return () => rmSync(noServices, { force: true })
}

async function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  const { code, output } = await run("apt-get", ["-q", "-o", "Dpkg::Use-Pty=0", ...args], { env })
  if (code !== 0) {
    throw new Refusal(
      `cannot install packages: ${reasonOf(output, code)}`,
      "check the network and apt's sources, then start again",
    )
  }
}

function reasonOf(output, code) {
  return output.split("\n").findLast((line) => /^E:/.test(line)) ?? `apt-get ended with ${code}`
}

function findKubectl() {
  const places = (process.env.PATH ?? "").split(":").map((directory) => join(directory, "kubectl"))
  return [...places, join(kubectlCache, "usr/bin/kubectl")].find((path) => existsSync(path))
}

/** Debian's kubectl, `package/release`, unpacked beside the system: other packages may own /usr/bin/kubectl. */
async function unpackKubectl(target, wanted) {
  const [name, suite] = wanted.split("/")
  const directory = mkdtempSync(join(tmpdir(), "wick-kubectl-"))
  try {
    const options = existsSync(keyring) ? onlySuite(suite, directory) : []
    if (options.length > 0 || lacksIndex()) await apt([...options, "update"])
    const fetched = await run("apt-get", [...options, "download", options.length > 0 ? wanted : name], {
      cwd: directory,
    })
    const archive = readdirSync(directory).find((name) => name.endsWith(".deb"))
    if (fetched.code !== 0 || !archive) {
      const reason = reasonOf(fetched.output, fetched.code)
      throw new Refusal(`cannot download ${wanted}: ${reason}`, "check the network, or install kubectl by hand")
    }
    mkdirSync(target, { recursive: true })
    const unpacked = await run("dpkg-deb", ["-x", join(directory, archive), target])
    if (unpacked.code !== 0) throw new Refusal(`cannot unpack ${wanted}`, "install kubectl by hand")
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Options of apt by which it knows one release of Debian alone, whatever the machine runs, and leaves its own lists be. */
function onlySuite(suite, directory) {
  const sources = join(directory, "one.sources")
  const lines = ["Types: deb", "URIs: http://deb.debian.org/debian", `Suites: ${suite}`, "Components: main"]
  writeFileSync(sources, `${[...lines, `Signed-By: ${keyring}`].join("\n")}\n`)
  for (const part of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(directory, part), { recursive: true })
  const settings = {
    "Dir::Etc::sourcelist": sources,
    "Dir::Etc::sourceparts": "-",
    "Dir::State::lists": join(directory, "lists"),
    "Dir::Cache": join(directory, "cache"),
    "APT::Sandbox::User": "root",
  }
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])
}

function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options })
    let output = ""
    child.stdout.on("data", (chunk) => (output += chunk))
    child.stderr.on("data", (chunk) => (output += chunk))
    child.once("error", reject)
    child.once("exit", (code) => resolve({ code: code ?? 1, output }))
  })
}
