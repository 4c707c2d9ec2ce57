/** SHA-256 of bytes, or of a text in UTF-8, in hexadecimal digits. */
export async function sha256(content: string | Uint8Array): Promise<string> {
  // A view of shared memory is refused, so that it is copied.
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : unshared(content)
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const unshared = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => (isUnshared(bytes) ? bytes : Uint8Array.from(bytes))

const isUnshared = (bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> => bytes.buffer instanceof ArrayBuffer
