// tests/bench/load_client.mjs: talks to the load client, a line for each command and its answer.
import { spawn } from 'node:child_process';
import readline from 'node:readline';

export const GCM = 'SRTP_AEAD_AES_128_GCM', CM = 'SRTP_AES128_CM_SHA1_80';

export class LoadClient {
  #process;
  #waiting = [];
  #lines;

  constructor(program, label, profile = GCM) {
    this.label = label;
    this.#process = spawn('taskset', ['-c', '1', program, profile], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#lines = readline.createInterface({ input: this.#process.stdout });
    this.#lines.on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
    let errors = 0;
    readline.createInterface({ input: this.#process.stderr }).on('line', (line) => {
      if (errors++ < 10) console.error(`load client: ${line}`);
    });
    this.#process.on('exit', (code) => {
      for (const w of this.#waiting.splice(0)) w.reject(new Error(`the load client ended with ${code}`));
    });
  }

  async ask(command) {
    const answer = await new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#process.stdin.write(`${command}\n`);
    });
    if (answer.error) throw new Error(`${this.label}: ${command.split(' ').slice(0, 2).join(' ')}: ${answer.error}`);
    return answer;
  }

  async end() {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end('quit\n');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 20000);
    await ended;
    clearTimeout(timer);
  }
}
