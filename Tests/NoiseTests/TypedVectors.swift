/// Vectors typed in, so that a clone without the folder of vectors still proves something.
extension NoiseVector {
    /// Of cacophony (Unlicense).
    static let typedXX = NoiseVector(
        protocolName: "Noise_XX_25519_ChaChaPoly_BLAKE2b",
        initPrologue: "4a6f686e2047616c74",
        respPrologue: "4a6f686e2047616c74",
        initEphemeral: "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
        respEphemeral: "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
        initStatic: "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
        respStatic: "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
        handshakeHash: """
            8cf47d7b3cb5804c0109d48e8bcdbee2cbb65687d8ea2c92994ca361fb86151ad93627b98936cbb32de56e8abb21def3\
            925011ac3e35db9cbeea73ab9a4392c2
            """,
        messages: [
            Message(
                payload: "4c756477696720766f6e204d69736573",
                ciphertext: """
                    ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573
                    """),
            Message(
                payload: "4d757272617920526f746862617264",
                ciphertext: """
                    95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088430505b6745ce64a5f33f0e8e3b83f11ce\
                    8802bca507f4f2d8b564dbe277e1966116e132faa2dfd70b8b077b9f94b913df5056ae1319469b824a98d54bbaa82c32\
                    5595587064f978c4b6d104f7596e6f
                    """),
            Message(
                payload: "462e20412e20486179656b",
                ciphertext: """
                    99579e1c1ee15e422a57ddd6b16d37087b17558e8369c18991b4b2ca3a824abf904cdcf5458b5431a75af034ca9e9b98\
                    2de039eaaf156775e2d580cd4e5ebae89c3f8cb2594b556d8a8169
                    """),
            Message(
                payload: "4361726c204d656e676572",
                ciphertext: "fc56eea290b3f3a21aac0c70cd5787b5ee99be37d2f4d751329b55"),
            Message(
                payload: "4a65616e2d426170746973746520536179",
                ciphertext: "bb31c9da10d5639a4cdb88a12f5c61de41bbc7df09bf75d94f8184fe4157f5c68f"),
            Message(
                payload: "457567656e2042f6686d20766f6e2042617765726b",
                ciphertext: """
                    f6199cadb152fb27f82be0a0891ec76a33598ae92a46cab2fb5a8ed5bf48b7f267f8370af7
                    """),
        ])

    /// Made with noiseprotocol (MIT).
    static let typedXKpsk0 = NoiseVector(
        protocolName: "Noise_XKpsk0_25519_ChaChaPoly_BLAKE2b",
        initPrologue: "5465726d54616c6b2f31",
        respPrologue: "5465726d54616c6b2f31",
        initEphemeral: "8108f5eeb4cdfedcd530f5d8287c92706244d25625b03b47bcf706c8d6e21bac",
        respEphemeral: "14bb7a408b22b9180fa104e7865d6d8ada4322a733e694b78c7be4e8d27156f3",
        initStatic: "67b383e35701d6cebb79b780a6eb098518e630ca3a12adde284ff389b382bea0",
        respStatic: "e1102f85a7aa8d48c8c9d9834f748f30f4296f5a307aa4ee77b0c529883c3feb",
        initRemoteStatic: "77ce688d324736fc0bcd458c68a84c5fecc8d4cedd9891fddf925e9082af1c7a",
        initPsks: ["47d15db93eab85650862655656addadf5c365b7dfc4a304c0734d6dcd174e2cc"],
        respPsks: ["47d15db93eab85650862655656addadf5c365b7dfc4a304c0734d6dcd174e2cc"],
        handshakeHash: """
            da9a0d1175abddc2738c99a30b2db458d46086eeef7f1f7b65d217da2af1fc9fb0573017c46fffd1dc2ef713acb47523\
            43568997ee30c6a8e9b1cc2b866b7bad
            """,
        messages: [
            Message(
                payload: "e42b39bfa2909a",
                ciphertext: """
                    030c8ea3eb198bbc356e14ad1afd8176946448e7a54bd41786ef2edbc6aedd7a69fc66a43d11a18de87767d73729dd1f\
                    88f666f18a9129
                    """,
                sender: "init"),
            Message(
                payload: """
                    f0746b084e6b11bfcad8c5e404e98238b12c5a921dfe5f4d965b7b8ea0d200fb770e6570e6a4d0dde3cd74ccbb9aa977\
                    e33761fdb3877cb96b51459c14f851d390b4f2ae2cf4e2d7c9febe677aff7b8e9607c4e7e3d50221e33acdede0f24e3b\
                    4fb5d92adbcb69d16b76469d28252a8c4f20306e9903c20a87e749973a7d75e92adb698628d9b5cbc0701860289c5373\
                    35e3e752777905b65abba8eae9eb571dea4d2dea3f47b61298a463d4219087383b08e45ff84ba8c89e501aa917906b61\
                    6160b248efc376ad
                    """,
                ciphertext: """
                    fce67d28cc54ff04fcc38300455f6dcf2a14cf3fb38496740f8e3647113b8005d11c0afd2c4a4f7e617f2b4ae0f7ffae\
                    432d78be60012447e9fb39883e11f675115a4d41934a258371f4b3033708420e62f8cdccd666c1670d5fe6c0e210f769\
                    04c7411ea35373c033a17392cb5f7e80dfe6df30189184a247672b934c8af26e908b8dd28c5ef9e5bb2ea5df939d8dc6\
                    29bc7936ae1c76c03a8d595d0721b3555293d51e39870e38142b5c44ec85a078cdc1ef7057e2145e5f99ee65ddfba016\
                    6f56b1d06302975292036e383b3bb7bf01bc9d30a10e42885048c240d7fe77a12ec5af63503595bb1be6f057c0759482\
                    38bf277c054e1e7c
                    """,
                sender: "resp"),
            Message(
                payload: "b6bafabc38d40a",
                ciphertext: """
                    23bac3ff13abbcb80b3f234c8b06af504078b438bbc7837f1c0902e49257b1d1e3dae6985cf92922de63a742507a2108\
                    2c7a50875aae4b83f5c41510d2182449036c83b07b374b
                    """,
                sender: "init"),
            Message(
                payload: "",
                ciphertext: "a2f14b85e64b3e21d94246785b6c2cae",
                sender: "init"),
            Message(
                payload: "51",
                ciphertext: "15186c17c078b1d9406c00c2b265f31ed4",
                sender: "resp"),
            Message(
                payload: "2088c5208f25b55bf96620b1983b7f",
                ciphertext: "51884bd15a6718d35b325b5e85f17e79b37e7a8cf006e0cd7ee96b1ce48a4a",
                sender: "init"),
            Message(
                payload: "5977927ff68c58c7ad832fd151595be8",
                ciphertext: "4ea4bcf06b66c646aa764521950a74253cd87553ea2f7228d229a8a591be5789",
                sender: "init"),
            Message(
                payload: "5e9405b130817cb2bd73deb2c3d2ee036b",
                ciphertext: "ad84cbfc92728e280fc8dae69bfba64e401a3ce8a268dbd0c1e8221cfbe3b66fa0",
                sender: "resp"),
        ])
}
