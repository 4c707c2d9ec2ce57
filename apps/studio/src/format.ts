/** `195434` → `195,434` */
export const formatCount = (count: number): string => count.toLocaleString('en-US')

/** `0.0123` → `12 ms`, `1.234` → `1.2 s` */
export const formatSeconds = (seconds: number): string =>
  seconds < 0.9995 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`

/** `12345678` → `12.3 MB` */
export const formatBytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
