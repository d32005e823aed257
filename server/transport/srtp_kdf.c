#include "transport/srtp_kdf.h"

#include <errno.h>
#include <openssl/evp.h>

int srtp_derive(const uint8_t master_key[static 16], struct bytes master_salt,
                enum srtp_label label, struct room ret) {
    static const uint8_t zeros[32];
    if (ret.n > sizeof zeros || (master_salt.n != 12 && master_salt.n != 14)) {
        return -EINVAL;
    }
    /* x = label << 48 XOR master_salt, 112 bits; the counter block is x * 2^16. */
    uint8_t block[16] = {0};
    memcpy(block, master_salt.p, master_salt.n);
    block[7] ^= (uint8_t)label;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = ctx != NULL &&
              EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, master_key, block) == 1 &&
              EVP_EncryptUpdate(ctx, ret.p, &n, zeros, (int)ret.n) == 1;
    EVP_CIPHER_CTX_free(ctx);
    return ok ? 0 : -ENOMEM;
}
