// werift behind the small interface that rtp_peer.mjs and the tests use; see open().
import { MediaStreamTrack, RTCPeerConnection, RtpHeader, useH264, useOPUS, usePLI, useNACK, useVP8 } from 'werift';

const VIDEO = {
  vp8: () => useVP8({ payloadType: 96, rtcpFeedback: [useNACK(), usePLI()] }),
  h264: () => useH264({ payloadType: 97, rtcpFeedback: [useNACK(), usePLI()],
    parameters: 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f' }),
};

/**
 * role "publish": { offer(), answer(sdp), connected, send(kind, packet), close() }
 * role "watch": the same without send; receive(kind, rtp) is called for every packet.
 */
export async function open(role, codec, receive) {
  const pc = new RTCPeerConnection({
    codecs: { video: [VIDEO[codec]()], audio: [useOPUS({ payloadType: 111 })] },
    bundlePolicy: 'max-bundle', iceServers: [],
  });
  const tracks = {};
  for (const kind of ['video', 'audio']) {
    if (role === 'publish') {
      tracks[kind] = new MediaStreamTrack({ kind });
      pc.addTransceiver(tracks[kind], { direction: 'sendonly' });
    } else {
      pc.addTransceiver(kind, { direction: 'recvonly' });
    }
  }
  pc.onTrack.subscribe((track) => {
    track.onReceiveRtp.subscribe((rtp) => receive(track.kind, {
      marker: rtp.header.marker, type: rtp.header.payloadType, seq: rtp.header.sequenceNumber,
      timestamp: rtp.header.timestamp, ssrc: rtp.header.ssrc,
      payload: rtp.payload,
    }));
  });
  const connected = new Promise((done, fail) => pc.connectionStateChange.subscribe((state) => {
    if (state === 'connected') done();
    if (state === 'failed') fail(new Error('the connection failed'));
  }));
  connected.catch(() => {});
  return {
    connected,
    async offer() {
      await pc.setLocalDescription(await pc.createOffer());
      return pc.localDescription.sdp;
    },
    answer: (sdp) => pc.setRemoteDescription({ type: 'answer', sdp }),
    send: (kind, packet) => tracks[kind].writeRtp(packet),
    close: () => pc.close(),
    // For those who misbehave: the transport, and packets of any content sealed with its keys.
    transport: () => pc.dtlsTransports[0],
    seal: (fields, payload) => pc.dtlsTransports[0].srtp.encrypt(payload, new RtpHeader(fields)),
    sendRaw: (fields, payload) => pc.dtlsTransports[0].sendRtp(payload, new RtpHeader(fields)),
  };
}
