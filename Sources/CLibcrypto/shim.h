#ifndef TERMTALK_CLIBCRYPTO_H
#define TERMTALK_CLIBCRYPTO_H
/* ChaCha20-Poly1305 (RFC 8439) of OpenSSL 3, which gives the bytes that libsodium gives, in less time where they are many. */
#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

/* One context for each thread that seals, for as long as the process; NULL where this OpenSSL has no such cipher. */
static inline EVP_CIPHER_CTX *libcrypto_context(EVP_CIPHER **cipher) {
    static _Thread_local EVP_CIPHER *fetched;
    static _Thread_local EVP_CIPHER_CTX *context;
    if (!context) {
        fetched = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
        if (!fetched) return NULL;
        context = EVP_CIPHER_CTX_new();
    }
    *cipher = fetched;
    return context;
}

/* Returns 1; 0 when nothing was done, and libsodium has to; -1 when it failed amid the text, which must not be sealed again then: in
   place, the same key and nonce would give the text back. Key and state are wiped before it returns. */
static inline int libcrypto_seal(
    uint8_t *output, uint8_t *tag, const uint8_t *text, size_t count, const uint8_t *additional, size_t additional_count,
    const uint8_t *nonce, const uint8_t *key) {
    EVP_CIPHER *cipher = NULL;
    EVP_CIPHER_CTX *context = libcrypto_context(&cipher);
    if (!context || count > INT32_MAX || additional_count > INT32_MAX) return 0;
    int written = 0;
    int begun = EVP_EncryptInit_ex2(context, cipher, key, nonce, NULL)
        && (additional_count == 0 || EVP_EncryptUpdate(context, NULL, &written, additional, (int)additional_count));
    int done = begun && EVP_EncryptUpdate(context, output, &written, text, (int)count)
        && EVP_EncryptFinal_ex(context, output + written, &written)
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag);
    EVP_CIPHER_CTX_reset(context);
    return done ? 1 : begun ? -1 : 0;
}

/* Returns 1 for what is opened, 0 for a wrong tag, -1 when nothing was done, and libsodium has to. */
static inline int libcrypto_open(
    uint8_t *output, const uint8_t *sealed, size_t count, const uint8_t *tag, const uint8_t *additional,
    size_t additional_count, const uint8_t *nonce, const uint8_t *key) {
    EVP_CIPHER *cipher = NULL;
    EVP_CIPHER_CTX *context = libcrypto_context(&cipher);
    if (!context || count > INT32_MAX || additional_count > INT32_MAX) return -1;
    int written = 0;
    int begun = EVP_DecryptInit_ex2(context, cipher, key, nonce, NULL)
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, (void *)tag)
        && (additional_count == 0 || EVP_DecryptUpdate(context, NULL, &written, additional, (int)additional_count));
    int opened = begun && EVP_DecryptUpdate(context, output, &written, sealed, (int)count)
        && EVP_DecryptFinal_ex(context, output + written, &written) == 1;
    EVP_CIPHER_CTX_reset(context);
    return begun ? opened : -1;
}
#endif
