/** Loaded into every process that is measured (`--import`): tells its memory when asked, after what is garbage is gone. */
process.on('message', () => {
  globalThis.gc()
  // Twice: what the first round finalises, the second frees.
  setTimeout(() => {
    globalThis.gc()
    process.send(process.memoryUsage().rss)
  }, 200)
})
// A listener for messages would keep the process up, which is the program's own affair.
process.channel?.unref()
