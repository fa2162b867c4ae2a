import { assert } from "@wick/sdk/assert"
import { Call } from "../backend/call.ts"
import type { Protocol } from "../backend/protocol-finder.ts"
import type { RevisionSpec } from "../backend/revision-spec.ts"
import type { GatewayWorld } from "./gateway.ts"
import { H2Call } from "./h2-call.ts"
import { HttpCall, type Incoming, type Outgoing } from "./http-call.ts"
import { refuseWith } from "./own-answer.ts"
import type { RequestHead } from "./request-head.ts"

/** A call for an application that speaks this. */
export function callOf(
  protocol: RevisionSpec["protocol"],
  request: Incoming,
  response: Outgoing,
  head: RequestHead,
  world: GatewayWorld,
): Call {
  if (protocol === "http1") return new HttpCall(request, response, head, world)
  if (protocol === "h2c") return new H2Call(request, response, head, world)
  return new UndecidedCall(request, response, head, world)
}

/**
 * A request that came before anybody knew what its application speaks. It waits for a pod like any other, and with the
 * pod goes on as a call of the protocol that was found. Nothing of its body is read until then.
 */
class UndecidedCall extends Call {
  readonly #request: Incoming
  readonly #response: Outgoing
  readonly #head: RequestHead
  readonly #world: GatewayWorld

  constructor(request: Incoming, response: Outgoing, head: RequestHead, world: GatewayWorld) {
    super()
    this.#request = request
    this.#response = response
    this.#head = head
    this.#world = world
    this.method = request.method ?? ""
    this.version = request.httpVersionMajor
    response.on("close", () => this.#end(0))
  }

  override speaking(protocol: Protocol): Call {
    return callOf(protocol, this.#request, this.#response, this.#head, this.#world).continue(this)
  }

  begin(): void {
    assert(false, "a call is of some protocol before it has a pod")
  }

  refuse(status: number, text: string, retryAfterSeconds?: number): void {
    if (!this.open) return
    refuseWith(this.#response, status, text, retryAfterSeconds)
    this.#end(status)
  }

  #end(status: number): void {
    if (!this.open) return
    this.record?.ended(status)
    this.backend?.finish(this, status)
  }
}
