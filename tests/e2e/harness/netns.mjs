// A network of our own: the test file runs again inside a network namespace (the "data centre", with the
// server and whoever the test does not move about), and clients live in further ones behind veth pairs.
// Nothing of it is seen outside, and it ends with the process.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const INSIDE = 'PARLOUR_NETNS';
export const CENTRE = '10.77.0.1'; // the server, by IPv4 and IPv6, whatever way leads there
export const CENTRE6 = 'fd77::1';

export const run = (command) => execFileSync('sh', ['-ec', command], { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });

// True inside. Outside: runs `file` inside, with this process's output as its own, and ends with its status.
export function entered(file) {
  if (process.env[INSIDE]) return true;
  const root = process.getuid() === 0 ? [] : ['--map-root-user'];
  const { status, error } = spawnSync('unshare', [...root, '--net', '--mount', '--', 'sh', '-ec',
    'mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; ip link set lo up; exec "$@"', 'sh', process.execPath, file],
  { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  if (error) throw error;
  process.exit(status ?? 1);
}

// A household: its own namespace with one way to the centre for each name given, all there but only the
// first one up. `chromium` is a program that runs the browser inside.
export class Household {
  constructor(name, ways = ['wifi']) {
    this.name = name;
    this.ways = ways;
    this.folder = mkdtempSync(path.join(tmpdir(), 'parlour-netns-'));
    run(`ip addr show dev lo | grep -q ${CENTRE}/ || {
      ip addr add ${CENTRE}/32 dev lo; ip -6 addr add ${CENTRE6}/128 dev lo nodad; }
      echo 1 > /proc/sys/net/ipv4/ip_forward; ip netns add ${name}; ip -n ${name} link set lo up`);
    ways.forEach((way, i) => {
      const net = `10.77.${Household.#next + i}`;
      const net6 = `fd77:${Household.#next + i}:`;
      run(`ip link add c-${way}${Household.#next + i} type veth peer name ${way} netns ${name}
        ip addr add ${net}.1/24 dev c-${way}${Household.#next + i}; ip -6 addr add ${net6}:1/64 dev c-${way}${Household.#next + i} nodad
        ip link set c-${way}${Household.#next + i} up
        ip -n ${name} addr add ${net}.2/24 dev ${way}; ip -n ${name} -6 addr add ${net6}:2/64 dev ${way} nodad`);
      this[way] = { net, net6, outer: `c-${way}${Household.#next + i}` };
    });
    Household.#next += ways.length;
    this.chromium = path.join(this.folder, 'chromium');
    writeFileSync(this.chromium, `#!/bin/sh\nexec ip netns exec ${name} ${process.env.CHROMIUM ?? '/usr/bin/chromium'} "$@"\n`, { mode: 0o755 });
    this.up(ways[0]);
  }

  static #next = 1;

  exec(command) { return run(`ip netns exec ${this.name} sh -ec '${command}'`); }

  // The way works, and is where everything goes from now on.
  up(way) {
    const { net, net6 } = this[way];
    run(`ip -n ${this.name} link set ${way} up; ip -n ${this.name} -6 addr replace ${net6}:2/64 dev ${way} nodad
      ip -n ${this.name} route replace default via ${net}.1 dev ${way}
      ip -n ${this.name} -6 route replace default via ${net6}:1 dev ${way}`);
  }

  down(way) { run(`ip -n ${this.name} link set ${way} down`); }

  // Nothing goes through, and nobody is told: as when a phone leaves the house.
  silence(way, silent = true) {
    const { outer } = this[way];
    const table = `inet silence_${outer.replace('-', '_')}`;
    run(`nft delete table ${table} 2>/dev/null || true`);
    if (silent) {
      run(`nft add table ${table}
        nft add chain ${table} in "{ type filter hook prerouting priority -300; }"; nft add rule ${table} in iifname ${outer} drop
        nft add chain ${table} out "{ type filter hook postrouting priority 300; }"; nft add rule ${table} out oifname ${outer} drop`);
    }
  }

  // A firewall inside: nft rules of a chain that sees what leaves.
  forbid(...rules) {
    this.allow();
    this.exec(`nft add table inet wall; nft add chain inet wall out "{ type filter hook output priority 0; }"
      ${rules.map((rule) => `nft add rule inet wall out ${rule}`).join('; ')}`);
  }

  allow() { this.exec('nft delete table inet wall 2>/dev/null || true'); }

  close() {
    run(`ip netns del ${this.name}`);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

// A router with address translation between a household and the centre, and the household's only way out.
export class Router {
  constructor(household) {
    this.household = household;
    run(`ip netns add router; ip -n router link set lo up
      ip link add c-wan type veth peer name wan netns router; ip link add lan netns router type veth peer name lan netns ${household.name}
      ip addr add 10.78.0.1/24 dev c-wan; ip link set c-wan up
      ip -n router addr add 192.168.7.1/24 dev lan; ip -n router link set lan up; ip -n router link set wan up
      ip netns exec router sh -c "echo 1 > /proc/sys/net/ipv4/ip_forward"
      ip netns exec router nft add table ip nat; ip netns exec router nft add chain ip nat post "{ type nat hook postrouting priority 100; }"
      ip netns exec router nft add rule ip nat post oifname wan masquerade
      ip -n ${household.name} addr add 192.168.7.2/24 dev lan; ip -n ${household.name} link set lan up
      ${household.ways.map((way) => `ip -n ${household.name} link set ${way} down`).join('\n')}
      ip -n ${household.name} route replace default via 192.168.7.1 dev lan`);
    run(`nft add table ip seen; nft add chain ip seen out "{ type filter hook output priority 0; }"
      nft add rule ip seen out ip daddr 10.78.0.3 meta l4proto udp counter`);
    this.forget(2);
  }

  // UDP packets that the centre sent to the address of forget(3).
  sent() { return Number(/packets (\d+)/.exec(run('nft list chain ip seen out'))[1]); }

  // The provider gives another address: everything translated so far is forgotten, and the household hears nothing.
  forget(host) {
    run(`ip -n router addr flush dev wan; ip -n router addr add 10.78.0.${host}/24 dev wan
      ip -n router route replace default via 10.78.0.1 dev wan`);
  }

  close() { run('ip netns del router; nft delete table ip seen'); }
}
