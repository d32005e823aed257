// tests/bench/janus.mjs: Debian's Janus with one streaming mountpoint, in its fastest setting.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { waitForPort } from './wait.mjs';

const PORTS = { http: 8088, video: 5004, videoRtcp: 5005, audio: 5002 };

function configure(folder, address) {
  const lib = `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/janus`;
  writeFileSync(path.join(folder, 'janus.jcfg'), `
general: {
  configs_folder = "${folder}"
  plugins_folder = "${lib}/plugins"
  transports_folder = "${lib}/transports"
  events_folder = "${lib}/events"
  loggers_folder = "${lib}/loggers"
  debug_level = 2
  interface = "${address}"
  session_timeout = 0
  event_loops = 1
}
media: { ipv6 = false }
nat: { ice_lite = true, full_trickle = false }
plugins: { disable = "libjanus_audiobridge.so,libjanus_duktape.so,libjanus_echotest.so,libjanus_lua.so,libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_textroom.so,libjanus_videocall.so,libjanus_videoroom.so,libjanus_voicemail.so" }
transports: { disable = "libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so,libjanus_websockets.so" }
events: { broadcast = false }
`);
  writeFileSync(path.join(folder, 'janus.transport.http.jcfg'), `
general: { json = "plain", base_path = "/janus", http = true, port = ${PORTS.http}, https = false, ip = "${address}" }
admin: { admin_http = false, admin_https = false }
`);
  writeFileSync(path.join(folder, 'janus.plugin.streaming.jcfg'), `
bench: {
  type = "rtp"
  id = 1
  audio = true
  video = true
  audioport = ${PORTS.audio}
  audiopt = 111
  audiocodec = "opus"
  videoport = ${PORTS.video}
  videortcpport = ${PORTS.videoRtcp}
  videopt = 96
  videocodec = "vp8"
  videobufferkf = true
}
`);
}

export async function startJanus({ address }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'parlour-bench-janus-'));
  configure(folder, address);
  const log = openSync(path.join(folder, 'log'), 'w');
  const child = spawn('taskset', ['-c', '0', 'janus', '-F', folder, '-o'], { stdio: ['ignore', log, log] });
  await waitForPort(address, PORTS.http, child, path.join(folder, 'log'));
  return {
    pid: child.pid,
    source: `udp ${address} ${PORTS.video} ${PORTS.videoRtcp} ${PORTS.audio}`,
    target: `janus http://${address}:${PORTS.http}/janus -`,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
