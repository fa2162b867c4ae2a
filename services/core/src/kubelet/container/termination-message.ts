import { open } from "node:fs/promises"
import type { PodContainer } from "../pod/observed.ts"
import type { ContainerRecord } from "../runtime/runtime.ts"

const messageBytesMax = 4_096
const fallbackBytesMax = 2_048
const fallbackLinesMax = 80

/** What a container said about its end: the file that it wrote, or the last lines of its log when it failed. */
export async function terminationMessage(
  container: PodContainer,
  record: ContainerRecord,
  file: string,
): Promise<string | undefined> {
  const written = await lastBytes(file, messageBytesMax)
  if (written) return written
  if (container.terminationMessagePolicy !== "FallbackToLogsOnError" || record.exitCode === 0) return undefined
  // Each line of a log carries a time and a stream, so more is read than will be told.
  const log = (await lastBytes(record.logPath, fallbackBytesMax * 4)) ?? ""
  const lines = log.split("\n").flatMap((line) => line.match(/^\S+ (?:stdout|stderr) [FP] (.*)$/)?.[1] ?? [])
  return lines.slice(-fallbackLinesMax).join("\n").slice(-fallbackBytesMax) || undefined
}

async function lastBytes(path: string, bytes: number): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined)
  if (!file) return undefined
  try {
    const { size } = await file.stat()
    const buffer = Buffer.alloc(Math.min(size, bytes))
    await file.read(buffer, 0, buffer.length, Math.max(0, size - bytes))
    return buffer.toString()
  } catch (error) {
    // In Kubernetes' words: a message is told, never waited for.
    return `Error on reading termination log ${path}: ${(error as Error).message}`
  } finally {
    await file.close()
  }
}
