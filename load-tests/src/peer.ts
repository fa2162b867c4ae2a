/** Another proxy before the same function, measured in the same run. */
export interface Peer extends AsyncDisposable {
  readonly port: number
  readonly pids: readonly number[]
}
