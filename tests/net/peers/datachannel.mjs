// libdatachannel (node-datachannel) behind the same interface as werift.mjs.
import nodeDataChannel from 'node-datachannel';
import { parseRtp } from './rtp_media.mjs';

const SSRC = { video: 0x11112222, audio: 0x33334444 };
const isRtcp = (packet) => packet.length < 2 || (packet[1] >= 192 && packet[1] <= 223);

function describe(role, codec) {
  const direction = role === 'publish' ? 'SendOnly' : 'RecvOnly';
  const video = new nodeDataChannel.Video('video', direction);
  if (codec === 'h264') {
    video.addH264Codec(97, 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f');
  } else {
    video.addVP8Codec(96);
  }
  const audio = new nodeDataChannel.Audio('audio', direction);
  audio.addOpusCodec(111);
  if (role === 'publish') {
    video.addSSRC(SSRC.video, 'peer', 'stream', 'picture');
    audio.addSSRC(SSRC.audio, 'peer', 'stream', 'sound');
  }
  return { video, audio };
}

export async function open(role, codec, receive) {
  const pc = new nodeDataChannel.PeerConnection('peer', { iceServers: [] });
  const tracks = {};
  for (const [kind, description] of Object.entries(describe(role, codec))) {
    const track = pc.addTrack(description);
    tracks[kind] = track;
    track.onMessage((packet) => {
      const rtp = isRtcp(packet) ? null : parseRtp(packet);
      if (rtp) receive(kind, rtp);
    });
  }
  const connected = new Promise((done, fail) => pc.onStateChange((state) => {
    if (state === 'connected') done();
    if (state === 'failed') fail(new Error('the connection failed'));
  }));
  connected.catch(() => {});
  const sequence = { video: 100, audio: 200 };
  return {
    connected,
    offer: () => new Promise((done) => {
      pc.onGatheringStateChange((state) => {
        if (state === 'complete') done(pc.localDescription().sdp);
      });
      pc.setLocalDescription();
    }),
    answer: async (sdp) => pc.setRemoteDescription(sdp, 'answer'),
    send(kind, packet) {
      packet.writeUInt16BE(sequence[kind]++ & 0xffff, 2);
      packet.writeUInt32BE(SSRC[kind], 8);
      tracks[kind].sendMessageBinary(packet);
    },
    close: () => pc.close(),
  };
}

/** Ends the library's threads, after the last close(). */
export const cleanup = () => nodeDataChannel.cleanup();
