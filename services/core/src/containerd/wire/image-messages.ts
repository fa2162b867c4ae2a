/** Messages of CRI v1 about images, as far as they are used; every field may be absent, as in proto3. */

export interface AuthConfig {
  username?: string | undefined
  password?: string | undefined
  auth?: string | undefined
  serverAddress?: string | undefined
  identityToken?: string | undefined
  registryToken?: string | undefined
}
export interface Image {
  id?: string | undefined
  repoTags?: string[] | undefined
  repoDigests?: string[] | undefined
  size?: number | undefined
  uid?: Int64Value | undefined
  username?: string | undefined
  spec?: ImageSpec | undefined
  pinned?: boolean | undefined
}
export interface ImageSpec {
  image?: string | undefined
  annotations?: Record<string, string> | undefined
  userSpecifiedImage?: string | undefined
  runtimeHandler?: string | undefined
  imageRef?: string | undefined
}
export interface ImageFilter {
  image?: ImageSpec | undefined
}
export interface ImageStatusRequest {
  image?: ImageSpec | undefined
  verbose?: boolean | undefined
}
export interface ImageStatusResponse {
  image?: Image | undefined
  info?: Record<string, string> | undefined
}
export interface ListImagesRequest {
  filter?: ImageFilter | undefined
}
export interface ListImagesResponse {
  images?: Image[] | undefined
}
export interface PullImageRequest {
  image?: ImageSpec | undefined
  auth?: AuthConfig | undefined
}
export interface PullImageResponse {
  imageRef?: string | undefined
}
export interface RemoveImageRequest {
  image?: ImageSpec | undefined
}
export interface Int64Value {
  value?: number | undefined
}
