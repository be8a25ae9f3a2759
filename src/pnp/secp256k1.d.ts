/** What we use of `secp256k1` (5), whose types do not name this entry. */
declare module 'secp256k1/bindings.js' {
  interface Native {
    ecdh(
      publicKey: Uint8Array,
      secretKey: Uint8Array,
      options: { readonly hashfn: (x: Uint8Array, y: Uint8Array) => Uint8Array },
      output: Uint8Array,
    ): Uint8Array;
    publicKeyCreate(secretKey: Uint8Array): Uint8Array;
    /** In place. */
    signatureNormalize(signature: Uint8Array): Uint8Array;
    ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
  }
  const native: Native;
  // biome-ignore lint/style/noDefaultExport: the package exports itself by CommonJS.
  export default native;
}
