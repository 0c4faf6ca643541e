// A Node.js program that profiles itself with @pyroscope/nodejs until it is stopped. Usage: client.js URL
const Pyroscope = require('@pyroscope/nodejs');

Pyroscope.init({
  serverAddress: process.argv[2],
  appName: 'node.sdk',
  tags: { region: 'eu' },
  flushIntervalMs: 2000,
  wall: { samplingDurationMs: 2000, samplingIntervalMicros: 10000, collectCpuTime: true },
});
Pyroscope.start();

function nodeBusyWork() {
  const end = Date.now() + 20;
  let sum = 0;
  while (Date.now() < end) sum += Math.sqrt(sum + 1);
  return sum;
}
setInterval(nodeBusyWork, 25);
