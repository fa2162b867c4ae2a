import { randomBytes, scrypt, timingSafeEqual } from "node:crypto"
import { promisify } from "node:util"
import type { PasswordHash } from "./auth-book.ts"

const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const saltSize = 16
const hashSize = 32

/** Slow on purpose, and not in the thread that answers. */
export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(saltSize)
  return { salt: salt.toString("base64"), hash: (await derive(password, salt, hashSize)).toString("base64") }
}

export async function isPassword(password: string, kept: PasswordHash): Promise<boolean> {
  const hash = await derive(password, Buffer.from(kept.salt, "base64"), hashSize)
  return timingSafeEqual(hash, Buffer.from(kept.hash, "base64"))
}
