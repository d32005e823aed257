// A virtual person sent into a visit by WHIP, as a rep's browser does: a stacked picture drawn on a canvas, its
// layout and the person's marks told beside it. `window.sent` steers it.
import { open } from './chromium.mjs';
import { layoutOf } from './stacked.mjs';

export const SIZE = { width: 480, height: 640 };
export const COLOUR = [205, 120, 60];
// Crown and soles in shares of the picture, as `standing` draws them.
export const MARKS = { height_mm: 1800, head: 0.05, feet: 0.95, full: true };
export const HALF = { height_mm: 1800, head: 0.05, feet: 2.0, full: false };

// The share of the person at a place; `feet`: where the body ends.
export function standing(u, v, feet) {
  const head = (1 - Math.hypot((u - 0.5) / 0.08, (v - 0.12) / 0.07)) * 0.07;
  const body = Math.min(0.14 - Math.abs(u - 0.5), v - 0.17, feet - v);
  return Math.min(1, Math.max(0, Math.max(head, body) / 0.004 + 0.5));
}

export async function sendPerson(browser, server, visit, { marks = MARKS } = {}) {
  const page = await open(browser, server.base);
  const layout = layoutOf(SIZE.width, SIZE.height);
  await page.evaluate(`window.standing = ${standing}`);
  await page.evaluate(async ([where, token, told, person, colour]) => {
    const canvas = document.createElement('canvas');
    canvas.width = told.width;
    canvas.height = told.height;
    const paint = canvas.getContext('2d');
    const height = Math.round(told.colour.h * told.height);
    const row = Math.round(told.matte.y * told.height);
    const feet = person !== null && person.full ? person.feet : 1.2;
    const picture = (there) => {
      const image = paint.createImageData(told.width, told.height);
      for (let y = 0; y < told.height; y++) {
        for (let x = 0; x < told.width; x++) image.data.set([0, 0, 0, 255], (y * told.width + x) * 4);
      }
      for (let y = 0; there && y < height; y++) {
        for (let x = 0; x < told.width; x++) {
          const at = [(x + 0.5) / told.width, (y + 0.5) / height];
          const share = Math.round(window.standing(...at, feet) * 255);
          image.data.set([share, share, share], ((row + y) * told.width + x) * 4);
          if (window.standing(at[0] + (at[0] < 0.5 ? 0.02 : -0.02), Math.min(at[1] + (at[1] < 0.3 ? 0.015 : 0), at[1] > feet - 0.02 ? feet - 0.02 : 1), feet) > 0.01 || share > 0) {
            image.data.set(colour, (y * told.width + x) * 4);
          }
        }
      }
      paint.putImageData(image, 0, 0);
      const { white } = told.patches;
      paint.fillStyle = '#fff';
      paint.fillRect(white.x * told.width, white.y * told.height, white.w * told.width, white.h * told.height);
    };
    picture(true);
    let n = 0;
    setInterval(() => { // a canvas that does not change sends nothing
      paint.fillStyle = n++ % 2 ? '#000' : '#010101';
      paint.fillRect(0, told.guard.y * told.height, 2, 2);
    }, 40);
    const peer = new RTCPeerConnection();
    const [track] = canvas.captureStream(25).getVideoTracks();
    track.contentHint = 'detail';
    const sender = peer.addTransceiver(track, { direction: 'sendonly', sendEncodings: [{ maxBitrate: 1_200_000 }] }).sender;
    await peer.setLocalDescription();
    const bearer = { authorization: `Bearer ${token}` };
    const answer = await fetch(`/whip/${where}?source=person`, { method: 'POST', headers: { ...bearer, 'content-type': 'application/sdp' }, body: peer.localDescription.sdp });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    const location = answer.headers.get('location');
    await peer.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
    const said = await fetch(`${location}/matte`, { method: 'PUT', headers: { ...bearer, 'content-type': 'application/json' }, body: JSON.stringify({ matte_layout: told, ...(person === null ? {} : { person }) }) });
    if (!said.ok) throw new Error(`${said.status} ${await said.text()}`);
    window.sent = {
      there: picture,
      stop: async () => {
        await fetch(location, { method: 'DELETE', headers: bearer });
        peer.close();
      },
      sender,
    };
  }, [visit, server.token, layout, marks, COLOUR]);
  return page;
}
