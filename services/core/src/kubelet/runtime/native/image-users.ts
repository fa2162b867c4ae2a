import { type ContainerSecurity, RuntimeError } from "../runtime.ts"
import type { OciUser } from "./oci.ts"

/** Files of an image that say who is who; empty where it has none. */
export interface UserFiles {
  readonly passwd: string
  readonly group: string
}

interface Passwd {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

interface Group {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

const isNumber = /^\d+$/

/**
 * Pure: as whom a container runs. The pod's numbers win over the image's `user`; who is named must be in the image's
 * files, who is numbered need not. A user has the groups that name it, and its own.
 */
export function processUser(
  imageUser: string,
  { runAsUser, runAsGroup, supplementalGroups }: ContainerSecurity,
  files: UserFiles,
): OciUser {
  const [userText = "", groupText = ""] = runAsUser === undefined ? imageUser.split(":") : [String(runAsUser)]
  const people = passwdOf(files.passwd)
  const groups = groupsOf(files.group)
  const entry = people.find(({ name, uid }) => (isNumber.test(userText) ? uid === Number(userText) : name === userText))
  const uid = uidOf(userText, entry)
  const gid = runAsGroup ?? (groupText === "" ? (entry?.gid ?? 0) : gidOf(groupText, groups))
  const who = entry ?? people.find((each) => each.uid === uid)
  const named = who ? groups.filter(({ members }) => members.includes(who.name)).map((group) => group.gid) : []
  const all = new Set([gid, ...named, ...supplementalGroups])
  return { uid, gid, additionalGids: [...all].sort((a, b) => a - b) }
}

function uidOf(text: string, entry: Passwd | undefined): number {
  if (entry) return entry.uid
  if (text === "") return 0
  if (isNumber.test(text)) return Number(text)
  throw new RuntimeError("failed", `unable to find user ${text}: no matching entries in the image's passwd file`)
}

function gidOf(text: string, groups: readonly Group[]): number {
  if (isNumber.test(text)) return Number(text)
  const found = groups.find(({ name }) => name === text)
  if (found) return found.gid
  throw new RuntimeError("failed", `unable to find group ${text}: no matching entries in the image's group file`)
}

function passwdOf(text: string): Passwd[] {
  return fieldsOf(text).flatMap(([name = "", , uid = "", gid = ""]) =>
    isNumber.test(uid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
  )
}

function groupsOf(text: string): Group[] {
  return fieldsOf(text).flatMap(([name = "", , gid = "", members = ""]) =>
    isNumber.test(gid) ? [{ name, gid: Number(gid), members: members.split(",").filter(Boolean) }] : [],
  )
}

function fieldsOf(text: string): string[][] {
  return text.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : [line.split(":")]))
}
