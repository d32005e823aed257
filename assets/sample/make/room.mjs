// The room the lamp stands in: floor, wall, sofa, rug, table; warm paper, ink, terracotta.
import * as THREE from 'three';
import { RoundedBoxGeometry } from 'three/addons/geometries/RoundedBoxGeometry.js';

function random(seed) {
  let s = seed;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
}

function texture(width, height, draw, repeat) {
  const canvas = new OffscreenCanvas(width, height);
  draw(canvas.getContext('2d'), random(7));
  const t = new THREE.CanvasTexture(canvas);
  t.colorSpace = THREE.SRGBColorSpace;
  t.wrapS = t.wrapT = THREE.RepeatWrapping;
  t.repeat.set(...repeat);
  t.anisotropy = 4;
  return t;
}

function planks(c, rnd) {
  const rows = 6, height = 512 / rows;
  for (let row = 0; row < rows; row++) {
    for (let x = -rnd() * 500; x < 1024; x += 520 + rnd() * 180) {
      const tone = 0.9 + rnd() * 0.2;
      c.fillStyle = `rgb(${178 * tone} ${136 * tone} ${94 * tone})`;
      c.fillRect(x, row * height, 720, height);
      for (let i = 0; i < 26; i++) {
        c.strokeStyle = `rgb(96 62 34 / ${0.03 + rnd() * 0.07})`;
        c.lineWidth = 0.6 + rnd() * 1.6;
        const y = row * height + rnd() * height;
        c.beginPath();
        c.moveTo(x, y);
        c.bezierCurveTo(x + 200, y + rnd() * 8 - 4, x + 400, y + rnd() * 8 - 4, x + 720, y);
        c.stroke();
      }
      c.fillStyle = 'rgb(60 38 20 / .5)';
      c.fillRect(x, row * height, 2, height);
    }
    c.fillStyle = 'rgb(60 38 20 / .45)';
    c.fillRect(0, row * height, 1024, 2);
  }
}

function weave(base, thread) {
  return (c, rnd) => {
    c.fillStyle = base;
    c.fillRect(0, 0, 256, 256);
    for (let i = 0; i < 5200; i++) {
      c.fillStyle = `rgb(${thread} / ${rnd() * 0.14})`;
      const flat = i % 2;
      c.fillRect(rnd() * 256, rnd() * 256, flat ? 6 : 1.5, flat ? 1.5 : 6);
    }
  };
}

function picture(c) {
  c.fillStyle = '#f4ece0';
  c.fillRect(0, 0, 384, 512);
  c.fillStyle = '#b54a24';
  c.beginPath();
  c.arc(236, 190, 78, 0, 7);
  c.fill();
  c.fillStyle = '#31473d';
  c.beginPath();
  c.moveTo(50, 462);
  c.bezierCurveTo(80, 300, 190, 280, 334, 462);
  c.fill();
  c.fillStyle = '#d9b48a';
  c.beginPath();
  c.moveTo(50, 462);
  c.bezierCurveTo(160, 400, 240, 392, 334, 462);
  c.fill();
}

const matt = (colour, map = null, roughness = 0.95) => new THREE.MeshStandardMaterial({ color: colour, map, roughness });

function box(w, h, d, radius, material, x, y, z) {
  const mesh = new THREE.Mesh(new RoundedBoxGeometry(w, h, d, 4, radius), material);
  mesh.position.set(x, y, z);
  mesh.castShadow = mesh.receiveShadow = true;
  return mesh;
}

function turned(profile, material, x, y, z) {
  const mesh = new THREE.Mesh(new THREE.LatheGeometry(profile.map(([r, h]) => new THREE.Vector2(r, h)), 36), material);
  mesh.position.set(x, y, z);
  mesh.castShadow = mesh.receiveShadow = true;
  return mesh;
}

function sofa() {
  const group = new THREE.Group();
  const cloth = matt('#ffffff', texture(256, 256, weave('#5a6a58', '20 30 22'), [2, 2]));
  const wood = matt('#6d4a2d', null, 0.6);
  group.add(box(1.62, 0.16, 0.82, 0.04, cloth, 0, 0.25, 0));
  for (const side of [-1, 1]) {
    group.add(box(0.72, 0.17, 0.7, 0.06, cloth, side * 0.365, 0.405, 0.05));
    const back = box(0.72, 0.42, 0.18, 0.075, cloth, side * 0.365, 0.66, -0.27);
    back.rotation.x = -0.16;
    group.add(back, box(0.13, 0.42, 0.82, 0.055, cloth, side * 0.8, 0.42, 0));
    for (const z of [-0.34, 0.34]) group.add(turned([[0, 0], [0.014, 0], [0.022, 0.18], [0, 0.18]], wood, side * 0.72, 0, z));
  }
  const pillow = box(0.4, 0.4, 0.14, 0.065, matt('#ffffff', texture(256, 256, weave('#c2623c', '90 30 10'), [1, 1])), 0.5, 0.66, -0.1);
  pillow.rotation.set(-0.3, -0.25, 0.12);
  group.add(pillow);
  return group;
}

function table() {
  const group = new THREE.Group();
  const wood = matt('#8a5f3b', null, 0.55);
  group.add(turned([[0, 0.455], [0.235, 0.455], [0.245, 0.465], [0.235, 0.48], [0, 0.481]], wood, 0, 0, 0));
  for (let i = 0; i < 3; i++) {
    const leg = turned([[0, 0], [0.011, 0], [0.017, 0.46], [0, 0.46]], wood, 0.17 * Math.cos(i * 2.1 + 0.5), 0, 0.17 * Math.sin(i * 2.1 + 0.5));
    group.add(leg);
  }
  const books = [['#31473d', 0.2, 0.03], ['#efe3cd', 0.19, 0.024], ['#b54a24', 0.17, 0.02]];
  let y = 0.48;
  for (const [colour, width, height] of books) {
    const book = box(width, height, width * 0.72, 0.004, matt(colour), -0.05, y + height / 2, 0.03);
    book.rotation.y = width * 9;
    group.add(book);
    y += height;
  }
  group.add(turned([[0, 0], [0.026, 0], [0.036, 0.01], [0.039, 0.062], [0.036, 0.062], [0.033, 0.012], [0, 0.01]], matt('#f3eadb', null, 0.45), 0.12, 0.48, -0.02));
  return group;
}

function branch() {
  const group = new THREE.Group();
  group.add(turned([[0, 0], [0.075, 0], [0.115, 0.09], [0.1, 0.2], [0.045, 0.27], [0.05, 0.31], [0.042, 0.31], [0.036, 0.27], [0, 0.2]], matt('#cdb493', null, 0.8), 0, 0, 0));
  const leaf = matt('#55683f', null, 0.8);
  leaf.side = THREE.DoubleSide;
  const shape = new THREE.SphereGeometry(1, 10, 8);
  const rnd = random(3);
  for (let stem = 0; stem < 7; stem++) {
    const lean = 0.12 + rnd() * 0.3, turn = stem * 0.9 + rnd();
    const points = [0, 0.33, 0.66, 1].map((t) => new THREE.Vector3(Math.cos(turn) * lean * t * t * 0.9, 0.25 + t * (0.5 + rnd() * 0.06), Math.sin(turn) * lean * t * t * 0.9));
    const curve = new THREE.CatmullRomCurve3(points);
    const stalk = new THREE.Mesh(new THREE.TubeGeometry(curve, 12, 0.0035, 6), leaf);
    stalk.castShadow = true;
    group.add(stalk);
    for (let i = 0; i < 9; i++) {
      const mesh = new THREE.Mesh(shape, leaf);
      mesh.position.copy(curve.getPoint(0.35 + (i / 9) * 0.65));
      mesh.scale.set(0.042, 0.004, 0.018);
      mesh.rotation.set(rnd() * 0.8 - 0.4, rnd() * 6.3, 0.5 + rnd() * 0.5);
      mesh.translateX(0.035);
      mesh.castShadow = true;
      group.add(mesh);
    }
  }
  return group;
}

function place(object, x, z, turn = 0) {
  object.position.x += x;
  object.position.z += z;
  object.rotation.y += turn;
  return object;
}

/** Stands outside the picture: the sun falls through it onto wall and floor. */
function windowFrame() {
  const group = new THREE.Group();
  const material = matt('#888888');
  const bar = (w, h, x, y) => {
    const mesh = new THREE.Mesh(new THREE.BoxGeometry(w, h, 0.06), material);
    mesh.position.set(x, y, 0);
    mesh.castShadow = true;
    group.add(mesh);
  };
  bar(9, 3, 0, 3.95);
  bar(9, 0.9, 0, 0.25);
  bar(3.2, 6, -2.5, 2);
  bar(3.2, 6, 2.5, 2);
  bar(0.07, 2.4, 0, 1.6);
  bar(2, 0.06, 0, 1.75);
  return group;
}

export function createRoom() {
  const room = new THREE.Group();
  const floor = new THREE.Mesh(new THREE.PlaneGeometry(12, 9), matt('#ffffff', texture(1024, 512, planks, [5, 7]), 0.7));
  floor.rotation.x = -Math.PI / 2;
  const wall = new THREE.Mesh(new THREE.PlaneGeometry(14, 5), matt('#e6d6bd'));
  wall.position.set(0, 2.5, -1.5);
  const side = new THREE.Mesh(new THREE.PlaneGeometry(8, 5), matt('#dfcdb1'));
  side.rotation.y = Math.PI / 2;
  side.position.set(-2.7, 2.5, 2);
  floor.receiveShadow = wall.receiveShadow = side.receiveShadow = true;
  const board = box(14, 0.1, 0.02, 0.005, matt('#f3e9d8'), 0, 0.05, -1.49);
  const rug = turned([[1.25, 0], [1.25, 0.008], [1.23, 0.013], [0, 0.013]], matt('#ffffff', texture(256, 256, weave('#d8c0a0', '120 80 40'), [9, 9])), 0.3, 0, 0);
  rug.castShadow = false;
  const frame = box(0.5, 0.66, 0.03, 0.006, matt('#6d4a2d', null, 0.6), 1.15, 1.5, -1.48);
  const print = new THREE.Mesh(new THREE.PlaneGeometry(0.44, 0.6), matt('#ffffff', texture(384, 512, picture, [1, 1])));
  print.position.set(1.15, 1.5, -1.462);
  print.receiveShadow = true;
  room.add(floor, wall, side, board, rug, frame, print, place(sofa(), 0.72, -0.82), place(table(), -0.95, -0.95), place(branch(), -1.85, -1.0, 0.4));
  const frameOutside = windowFrame();
  room.add(frameOutside);
  return { room, windowFrame: frameOutside };
}
