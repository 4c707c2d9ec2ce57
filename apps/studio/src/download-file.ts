/** Saves a file to where the browser puts downloads. */
export function downloadFile(name: string, bytes: BlobPart, type: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes], { type }))
  link.download = name
  link.click()
  // The download has begun when the click returns, but reads the address later.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
