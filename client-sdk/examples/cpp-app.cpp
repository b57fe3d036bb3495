// cpp-app: an app in C++17 that asks for the two headers of a request.
//   cpp-app ATTESTD CLIENT-ID [AUDIENCE]
#include <cstdio>
#include <memory>
#include <string>
#include <vouchsafe/client.h>

namespace {

struct Free {
    void operator()(vouchsafe_client *client) const { vouchsafe_client_free(client); }
};
using Client = std::unique_ptr<vouchsafe_client, Free>;

Client make_client(const char *attestd, const char *client_id, std::string &why)
{
    vouchsafe_config config{};
    config.attestd_url = attestd;
    config.client_id = client_id;
    vouchsafe_client *client = nullptr;
    if (const vouchsafe_error error = vouchsafe_client_new(&config, &client)) {
        why = vouchsafe_error_text(error);
        return nullptr;
    }
    return Client(client);
}

std::string reason(vouchsafe_client *client, vouchsafe_error error)
{
    if (error != VOUCHSAFE_REFUSED && error != VOUCHSAFE_UNAVAILABLE)
        return vouchsafe_error_text(error);
    vouchsafe_refusal refusal{};
    vouchsafe_client_refusal(client, &refusal);
    return std::string(refusal.error) + " (error_id " + refusal.error_id + ")";
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        std::fputs("Usage: cpp-app ATTESTD CLIENT-ID [AUDIENCE]\n", stderr);
        return 2;
    }
    std::string why;
    const Client client = make_client(argv[1], argv[2], why);
    if (!client) {
        std::printf("error %s\n", why.c_str());
        return 1;
    }
    vouchsafe_headers headers{};
    const char *audience = argc == 4 ? argv[3] : argv[1];
    if (const auto error = vouchsafe_client_headers(client.get(), audience, nullptr, &headers)) {
        std::printf("error %s\n", reason(client.get(), error).c_str());
        return 1;
    }
    std::printf("header OAuth-Client-Attestation: %s\n", headers.attestation);
    std::printf("header OAuth-Client-Attestation-PoP: %s\nok\n", headers.pop);
    return 0;
}
