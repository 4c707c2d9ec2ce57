/** Folders that systems and programs put beside people's files: of macOS, Synology, QNAP, Windows, Linux and Python. */
const FOLDERS =
  /^(__macosx|@eadir|@tmp|#recycle|#snapshot|\$recycle\.bin|system volume information|lost\+found|__pycache__)$/i
const FILES = /^(thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|icon\r|~\$.*)$/i

/** Whether a file or folder of this name (one part of a path) is of the system, or hidden: `.DS_Store`, `._photo.jpg`, `@eaDir`. */
export const isJunk = (part: string): boolean => part.startsWith('.') || FOLDERS.test(part) || FILES.test(part)

/** Whether a name leads through anything of the kind. */
export const isJunkName = (name: string): boolean => name.split('/').some(isJunk)
