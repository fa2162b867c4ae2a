import { existsSync, readFileSync, statfsSync } from "node:fs"
import { Refusal } from "./refusal.mjs"

const freeBytesMin = 2 * 1024 ** 3
const architectures = ["x64", "arm64"]
const withoutContainers = "develop without containers: npm start -- --runtime=process"

/** Refuses a machine that cannot run containers, saying what it lacks. */
export function checkPlatform(root) {
  if (process.platform !== "linux" || !architectures.includes(process.arch)) {
    throw new Refusal(
      `Wick runs on Linux (x64, arm64); this is ${process.platform} ${process.arch}`,
      "use a Linux machine",
    )
  }
  if (process.getuid?.() !== 0) {
    throw new Refusal("containers need root, and this is not root", `sudo npm start, or ${withoutContainers}`)
  }
  const filesystems = readFileSync("/proc/filesystems", "utf8")
  if (!/\toverlay\n/.test(filesystems) && !existsSync("/lib/modules")) {
    throw new Refusal("this kernel has no overlay file system", withoutContainers)
  }
  const { bavail, bsize } = statfsSync(root)
  if (bavail * bsize < freeBytesMin) {
    const free = Math.round((bavail * bsize) / 1024 ** 2)
    throw new Refusal(
      `only ${free} MiB are free on the disk of ${root}; 2 GiB are needed`,
      "free some space and start again",
    )
  }
}
