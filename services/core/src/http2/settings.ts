import { ConnectionError, errorCode } from "./error-code.ts"
import {
  frameBytesUsual,
  frameHeadBytes,
  frameType,
  readUint32,
  windowMax,
  writeFrameHead,
  writeUint32,
} from "./frame.ts"
import type { Limits } from "./limits.ts"

const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

const settingBytes = 6
/** The largest payload that a receiver may say it takes. */
const frameBytesMax = 2 ** 24 - 1

/** What a client has said of itself; what it did not mention stays as it was. */
export interface PeerSettings {
  headerTableBytes?: number
  windowBytes?: number
  frameBytes?: number
}

/** Throws ConnectionError for values that RFC 9113, section 6.5.2, forbids. */
export function readSettings(bytes: Buffer, start: number, end: number): PeerSettings {
  const settings: PeerSettings = {}
  for (let at = start; at < end; at += settingBytes) {
    const value = readUint32(bytes, at + 2)
    switch (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) {
      case setting.headerTableSize:
        settings.headerTableBytes = value
        break
      case setting.enablePush:
        if (value > 1)
          throw new ConnectionError(errorCode.protocolError, `SETTINGS_ENABLE_PUSH is ${value}, not 0 or 1`)
        break
      case setting.initialWindowSize:
        if (value > windowMax) {
          throw new ConnectionError(errorCode.flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE is ${value}, over 2^31-1`)
        }
        settings.windowBytes = value
        break
      case setting.maxFrameSize:
        if (value < frameBytesUsual || value > frameBytesMax) {
          throw new ConnectionError(errorCode.protocolError, `SETTINGS_MAX_FRAME_SIZE is ${value}, not 2^14 to 2^24-1`)
        }
        settings.frameBytes = value
        break
    }
  }
  return settings
}

/** Our own, as a frame. */
export function settingsFrame({ streamsMax, headerListBytesMax, streamWindowBytes }: Limits): Buffer {
  const values = [
    [setting.maxConcurrentStreams, streamsMax],
    [setting.initialWindowSize, streamWindowBytes],
    [setting.maxHeaderListSize, headerListBytesMax],
  ] as const
  const frame = Buffer.alloc(frameHeadBytes + values.length * settingBytes)
  writeFrameHead(frame, 0, values.length * settingBytes, frameType.settings, 0, 0)
  values.forEach(([name, value], index) => {
    const at = frameHeadBytes + index * settingBytes
    frame[at + 1] = name
    writeUint32(frame, at + 2, value)
  })
  return frame
}

export const isSettingsLength = (length: number): boolean => length % settingBytes === 0
