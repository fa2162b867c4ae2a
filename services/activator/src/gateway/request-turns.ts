import type { Socket } from "node:net"
import type { CallResponse, Incoming } from "./http-call.ts"

/**
 * An HTTP/1.1 client may send its next requests before it has the last one's answer. Node hands them all over at once, and
 * keeps answers whose turn has not come: one client could have thousands of requests in a pod, and all their answers here.
 * So each begins when the one before it has been answered, and of who has some waiting nothing more is read.
 */
export class RequestTurns {
  readonly #waiting = new WeakMap<Socket, number>()

  /** Whether an earlier request of the connection is still unanswered. */
  mustWait(response: CallResponse): boolean {
    return response.socket === null
  }

  /** Never begins when the connection ends first. */
  wait(request: Incoming, response: CallResponse, begin: () => void): void {
    const { socket } = request
    this.#waiting.set(socket, (this.#waiting.get(socket) ?? 0) + 1)
    socket.pause()
    response.once("socket", () => {
      const left = (this.#waiting.get(socket) ?? 1) - 1
      this.#waiting.set(socket, left)
      if (left === 0) socket.resume()
      begin()
    })
  }
}
