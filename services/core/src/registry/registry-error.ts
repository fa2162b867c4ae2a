/** A no of the registry, as the distribution specification writes it. */
export class RegistryError extends Error {
  override name = "RegistryError"
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status: number) {
    super(message)
    this.code = code
    this.status = status
  }

  toResponse(): Response {
    const body = JSON.stringify({ errors: [{ code: this.code, message: this.message }] })
    return new Response(body, { status: this.status, headers: { "content-type": "application/json" } })
  }
}

export const blobUnknown = (digest: string): RegistryError =>
  new RegistryError("BLOB_UNKNOWN", `blob ${digest} is not known`, 404)

export const digestInvalid = (given: string, found: string): RegistryError =>
  new RegistryError("DIGEST_INVALID", `the content has digest ${found}, not ${given}`, 400)
