// What a page shows follows what was done to it a moment later: `check` is made again until it passes, or a minute is over.
export async function eventually(check) {
  for (const end = Date.now() + 60000; ; await new Promise((done) => setTimeout(done, 20))) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
